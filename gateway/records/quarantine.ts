import { Buffer } from 'node:buffer';
import type { Kysely } from 'kysely';
import { onPage, type Page, type PageRequest, pageOf } from './page.ts';
import type { Schema } from './schema.ts';

/** A message that could not be taken, as the API tells it; repeats of the same are counted. */
export interface QuarantinedMessage {
  readonly id: string;
  readonly device: string;
  readonly topic: string;
  readonly code: string;
  readonly message: string;
  readonly payloadBase64: string;
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
  readonly count: number;
}

export interface QuarantineFilter {
  readonly device?: string | undefined;
  /** A quarantine code. */
  readonly reason?: string | undefined;
}

const ORDER = { list: 'quarantine', timeColumn: 'last_seen_at', idColumn: 'id' };

/** Last seen first. A message that repeats while one turns pages moves to the front. */
export async function listQuarantine(
  db: Kysely<Schema>,
  filter: QuarantineFilter,
  page: PageRequest,
): Promise<Page<QuarantinedMessage>> {
  const rows = await db
    .selectFrom('quarantine')
    .selectAll()
    .$call(onPage(ORDER, page, { device: filter.device, code: filter.reason }))
    .execute();
  return pageOf(
    ORDER,
    rows,
    page.limit,
    (row) => [row.last_seen_at, row.id],
    (row) => ({
      id: row.id,
      device: row.device,
      topic: row.topic,
      code: row.code,
      message: row.message,
      payloadBase64: Buffer.from(row.payload).toString('base64'),
      firstSeenAt: row.first_seen_at,
      lastSeenAt: row.last_seen_at,
      count: row.count,
    }),
  );
}

import { Buffer } from 'node:buffer';
import { hash } from 'node:crypto';
import type { Kysely, Selectable } from 'kysely';
import { WaysideError } from '../errors.ts';
import { onPage, type Page, type PageRequest, pageOf } from './page.ts';
import type { QuarantinedPart } from './quarantined-part.ts';
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
  /** Size as sent; larger than what is kept where that is only the beginning. Null where it was not noted and is not known. */
  readonly payloadBytes: number | null;
  /** How often it was tried again. */
  readonly tries: number;
  /** Why it can't be tried again, or null where it can. */
  readonly cannotRetry: RetryObstacle | null;
}

export type RetryObstacle = 'truncated' | 'partly_taken';

/** A quarantined message with all that is needed to take it again. */
export interface RetryableMessage {
  readonly id: string;
  readonly device: string;
  readonly topic: string;
  readonly code: string;
  readonly payload: Uint8Array;
  readonly firstSeenAt: number;
  readonly part: QuarantinedPart | null;
}

export interface QuarantineFilter {
  readonly device?: string | undefined;
  /** A quarantine code. */
  readonly reason?: string | undefined;
}

const ORDER = { list: 'quarantine', timeColumn: 'last_seen_at', idColumn: 'id' };

type Row = Selectable<Schema['quarantine']>;

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
  return pageOf(ORDER, rows, page.limit, (row) => [row.last_seen_at, row.id], messageOf);
}

/** @throws WaysideError `not_found` */
export async function getQuarantined(db: Kysely<Schema>, id: string): Promise<QuarantinedMessage> {
  return messageOf(await rowOf(db, id));
}

/**
 * A message for another try.
 *
 * @throws WaysideError `not_found`, `payload_incomplete`, `partly_taken`
 */
export async function getRetryable(db: Kysely<Schema>, id: string): Promise<RetryableMessage> {
  const row = await rowOf(db, id);
  switch (obstacleOf(row)) {
    case null:
      return retryableOf(row);
    case 'truncated': {
      const sent = row.payload_bytes === null ? '' : ` of ${row.payload_bytes}`;
      throw new WaysideError('payload_incomplete', `${row.payload.length}${sent} bytes are here`);
    }
    case 'partly_taken':
      throw new WaysideError(
        'partly_taken',
        'the rest of the message was stored when it came, and what was refused was never a reading',
      );
  }
}

/**
 * Messages for another try, those that were tried least and came first before the others, so that one call after the other gets
 * through all of them.
 *
 * @param limit of rows that are looked at
 */
export async function listRetryable(
  db: Kysely<Schema>,
  filter: QuarantineFilter,
  limit: number,
): Promise<{
  readonly messages: readonly RetryableMessage[];
  /** Of those looked at, how many can't be tried again, by why. */
  readonly obstacles: Readonly<Record<RetryObstacle, number>>;
  /** Whether there are more than were looked at. */
  readonly more: boolean;
}> {
  const { device, reason } = filter;
  const rows = await db
    .selectFrom('quarantine')
    .selectAll()
    .$if(device !== undefined, (query) => query.where('device', '=', device ?? ''))
    .$if(reason !== undefined, (query) => query.where('code', '=', reason ?? ''))
    .orderBy('tries')
    .orderBy('first_seen_at')
    .orderBy('id')
    .limit(limit + 1)
    .execute();
  const obstacles = { truncated: 0, partly_taken: 0 };
  const messages: RetryableMessage[] = [];
  for (const row of rows.slice(0, limit)) {
    const obstacle = obstacleOf(row);
    if (obstacle === null) messages.push(retryableOf(row));
    else obstacles[obstacle] += 1;
  }
  return { messages, obstacles, more: rows.length > limit };
}

/** Where messages stand that are being tried again; one that is not there any more was taken. */
export async function findTries(
  db: Kysely<Schema>,
  ids: readonly string[],
): Promise<
  readonly { readonly id: string; readonly tries: number; readonly code: string; readonly message: string }[]
> {
  return db
    .selectFrom('quarantine')
    .select(['id', 'tries', 'code', 'message'])
    .where('id', 'in', ids)
    .execute();
}

async function rowOf(db: Kysely<Schema>, id: string): Promise<Row> {
  const row = await db.selectFrom('quarantine').selectAll().where('id', '=', id).executeTakeFirst();
  if (row === undefined)
    throw new WaysideError('not_found', `there is nothing in quarantine by the id "${id}"`);
  return row;
}

function messageOf(row: Row): QuarantinedMessage {
  const cannotRetry = obstacleOf(row);
  return {
    id: row.id,
    device: row.device,
    topic: row.topic,
    code: row.code,
    message: row.message,
    payloadBase64: Buffer.from(row.payload).toString('base64'),
    firstSeenAt: row.first_seen_at,
    lastSeenAt: row.last_seen_at,
    count: row.count,
    payloadBytes: row.payload_bytes ?? (cannotRetry === 'truncated' ? null : row.payload.length),
    tries: row.tries,
    cannotRetry,
  };
}

function retryableOf(row: Row): RetryableMessage {
  return {
    id: row.id,
    device: row.device,
    topic: row.topic,
    code: row.code,
    payload: row.payload,
    firstSeenAt: row.first_seen_at,
    part: row.part_json === null ? null : (JSON.parse(row.part_json) as QuarantinedPart),
  };
}

function obstacleOf(row: Row): RetryObstacle | null {
  if (isTruncated(row)) return 'truncated';
  return row.part_json === null && (row.readings_taken ?? 0) > 0 ? 'partly_taken' : null;
}

/** Rows of the first version have no size; but the digest is that of the whole payload. Of what was too large it never came whole. */
function isTruncated(row: Row): boolean {
  if (row.code === 'too_large') return true;
  if (row.payload_bytes !== null) return row.payload_bytes > row.payload.length;
  return hash('sha1', row.payload) !== row.payload_digest;
}

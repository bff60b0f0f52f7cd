import type { Kysely } from 'kysely';
import { onPage, type Page, type PageRequest, pageOf } from './page.ts';
import type { Schema } from './schema.ts';

/** A visit as the API tells it. */
export interface StoredVisit {
  readonly id: string;
  readonly device: string;
  readonly consumer?: string;
  readonly place: string;
  readonly enteredAt: number;
  readonly exitedAt?: number;
  readonly endedBy?: 'exit' | 'silence';
}

export interface VisitFilter {
  readonly device?: string | undefined;
  readonly consumer?: string | undefined;
  readonly place?: string | undefined;
}

const ORDER = { list: 'visits', timeColumn: 'entered_at', idColumn: 'id' };

export function visitOf(row: Schema['visits']): StoredVisit {
  return {
    id: row.id,
    device: row.device,
    ...(row.consumer !== null && { consumer: row.consumer }),
    place: row.place,
    enteredAt: row.entered_at,
    ...(row.exited_at !== null && { exitedAt: row.exited_at }),
    ...(row.ended_by !== null && { endedBy: row.ended_by }),
  };
}

export async function listVisits(
  db: Kysely<Schema>,
  filter: VisitFilter,
  page: PageRequest,
): Promise<Page<StoredVisit>> {
  const rows = await db
    .selectFrom('visits')
    .selectAll()
    .$call(onPage(ORDER, page, { device: filter.device, consumer: filter.consumer, place: filter.place }))
    .execute();
  return pageOf(ORDER, rows, page.limit, (row) => [row.entered_at, row.id], visitOf);
}

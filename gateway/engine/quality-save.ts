import { type Kysely, sql } from 'kysely';
import { inChunks } from '../records/chunks.ts';
import { DAY_MS, KEPT_DAYS } from '../records/quality-kinds.ts';
import type { Schema } from '../records/schema.ts';
import { MOST_NAMES, OTHER_NAMES, type QualityTally } from './quality-tally.ts';

/**
 * Adds a tally to the records; belongs in the transaction that moves the engine's cursor. A device that was removed meanwhile is
 * left out. One statement for many devices: a row each through the query builder took ten times as long.
 */
export async function saveQuality(transaction: Kysely<Schema>, tally: QualityTally): Promise<void> {
  const days = tally.all.map((of) => [
    of.device,
    of.day,
    of.readings,
    of.stored,
    of.issues,
    of.firstAt,
    of.lastAt,
  ]);
  for (const chunk of inChunks(days)) {
    await sql`insert into quality_days (device, day, readings, stored, issues, first_seen_at, last_seen_at)
      select devices.id, one.value ->> 1, one.value ->> 2, one.value ->> 3, one.value ->> 4, one.value ->> 5, one.value ->> 6
      from json_each(${JSON.stringify(chunk)}) as one cross join devices on devices.id = one.value ->> 0 where true
      on conflict (device, day) do update set
        readings = readings + excluded.readings, stored = stored + excluded.stored, issues = issues + excluded.issues,
        first_seen_at = min(first_seen_at, excluded.first_seen_at),
        last_seen_at = max(last_seen_at, excluded.last_seen_at)`.execute(transaction);
  }
  const counts = tally.all.flatMap((of) =>
    Array.from(of.counts, ({ kind, name, count, lastAt }) => [of.device, of.day, kind, name, count, lastAt]),
  );
  for (const chunk of inChunks(counts)) await addCounts(transaction, chunk);
}

/** A name that would be one too many for its device, day and kind is counted among the others. */
async function addCounts(transaction: Kysely<Schema>, rows: readonly unknown[]): Promise<void> {
  await sql`insert into quality_counts (device, day, kind, name, count, last_seen_at)
    select devices.id, one.value ->> 1, one.value ->> 2,
      case when one.value ->> 3 = ${OTHER_NAMES} or exists (
          select 1 from quality_counts as known where known.device = devices.id and known.day = one.value ->> 1
            and known.kind = one.value ->> 2 and known.name = one.value ->> 3)
        or (
          select count(*) from quality_counts as known where known.device = devices.id and known.day = one.value ->> 1
            and known.kind = one.value ->> 2) < ${MOST_NAMES}
        then one.value ->> 3 else ${OTHER_NAMES} end,
      one.value ->> 4, one.value ->> 5
    from json_each(${JSON.stringify(rows)}) as one cross join devices on devices.id = one.value ->> 0 where true
    on conflict (device, day, kind, name) do update set
      count = count + excluded.count, last_seen_at = max(last_seen_at, excluded.last_seen_at)`.execute(
    transaction,
  );
}

/** Forgets days that are too old. @param now domain time, epoch ms */
export async function pruneQuality(transaction: Kysely<Schema>, now: number): Promise<void> {
  const firstKept = Math.floor(now / DAY_MS) - KEPT_DAYS + 1;
  await transaction.deleteFrom('quality_days').where('day', '<', firstKept).execute();
  await transaction.deleteFrom('quality_counts').where('day', '<', firstKept).execute();
}

import { type Kysely, sql } from 'kysely';
import { WaysideError } from '../errors.ts';
import { DAY_MS, KEPT_DAYS, type QualityKind } from './quality-kinds.ts';
import type { Schema } from './schema.ts';

/** How many times each name was counted; what went beyond the bound of names stands under `(other)`. */
export type CountsByName = Readonly<Record<string, number>>;

/** What was counted of a device's readings between two days. Times are epoch ms. */
export interface QualityCounts {
  /** Readings that its messages held; each counted once, over restarts and replays too. */
  readonly readings: number;
  /** Of them, those that went on to the telemetry store. */
  readonly stored: number;
  /** Faults in all: late, clock corrected, repeated, refused, kind changed, at 0°,0°. One reading may have several. */
  readonly issues: number;
  readonly late: number;
  readonly clockCorrected: number;
  /** By how much the corrected clocks were ahead: the median, to two digits; null where none was. */
  readonly clockSkewMs: number | null;
  readonly duplicates: number;
  readonly nullIsland: number;
  /** Taken later, out of quarantine. */
  readonly retried: number;
  readonly unknownMetrics: CountsByName;
  /** By quarantine code. */
  readonly refused: CountsByName;
  /** By metric, or field of the position. */
  readonly outOfRange: CountsByName;
  readonly wrongKind: CountsByName;
  readonly kindChanged: CountsByName;
  readonly unitConverted: CountsByName;
  readonly firstSeenAt: number | null;
  readonly lastSeenAt: number | null;
}

export interface QualityRecord extends QualityCounts {
  readonly device: string;
  /** Whole days, UTC: `from` inclusive, `to` exclusive. */
  readonly from: number;
  readonly to: number;
  /** When each kind was counted last, by its name in this record. */
  readonly lastSeen: Readonly<Record<string, number>>;
  /** Days with readings, oldest first. */
  readonly days: readonly QualityDay[];
}

export interface QualityDay {
  /** Where it begins, UTC. */
  readonly from: number;
  readonly readings: number;
  readonly stored: number;
  readonly issues: number;
}

/** Days since 1970; `last` inclusive. */
interface Days {
  readonly first: number;
  readonly last: number;
}

const FIELDS = {
  late: 'late',
  clock_corrected: 'clockCorrected',
  duplicate: 'duplicates',
  null_island: 'nullIsland',
  retried: 'retried',
  unknown_metric: 'unknownMetrics',
  refused: 'refused',
  out_of_range: 'outOfRange',
  wrong_kind: 'wrongKind',
  kind_changed: 'kindChanged',
  unit_converted: 'unitConverted',
} as const satisfies Partial<Record<QualityKind, keyof QualityCounts>>;

interface CountRow {
  readonly kind: QualityKind;
  readonly name: string;
  readonly count: number;
  readonly last_seen_at: number;
}

/**
 * @param period epoch ms; taken as the whole days that it touches. By default all that is kept
 * @throws WaysideError `not_found`
 */
export async function getQuality(
  db: Kysely<Schema>,
  device: string,
  period: { readonly from?: number | undefined; readonly to?: number | undefined },
  now: number,
): Promise<QualityRecord> {
  const known = await db.selectFrom('devices').select('id').where('id', '=', device).executeTakeFirst();
  if (known === undefined) throw new WaysideError('not_found', `there is no device "${device}"`);
  const days = daysOf(period, now);
  const rows = await db
    .selectFrom('quality_days')
    .selectAll()
    .where('device', '=', device)
    .where('day', '>=', days.first)
    .where('day', '<=', days.last)
    .orderBy('day')
    .execute();
  const counts = await countsOf(db, [device], days);
  const own = counts.get(device) ?? [];
  const total = (pick: (row: (typeof rows)[number]) => number) =>
    rows.reduce((sum, row) => sum + pick(row), 0);
  return {
    device,
    from: days.first * DAY_MS,
    to: (days.last + 1) * DAY_MS,
    ...countsRecord(own, {
      readings: total((row) => row.readings),
      stored: total((row) => row.stored),
      issues: total((row) => row.issues),
      firstSeenAt: rows.length === 0 ? null : Math.min(...rows.map((row) => row.first_seen_at)),
      lastSeenAt: rows.length === 0 ? null : Math.max(...rows.map((row) => row.last_seen_at)),
    }),
    lastSeen: lastSeenOf(own),
    days: rows.map(({ day, readings, stored, issues }) => ({ from: day * DAY_MS, readings, stored, issues })),
  };
}

export interface FleetQuality extends QualityCounts {
  readonly device: string;
  readonly type: string;
  /** Issues a reading: what the list is ordered by. */
  readonly issuesPerReading: number;
}

/**
 * Devices that said something between two days, those with the most issues a reading first.
 *
 * @param page `offset` devices are passed over
 * @returns at most `limit`, and whether there are more
 */
export async function listQuality(
  db: Kysely<Schema>,
  period: { readonly from?: number | undefined; readonly to?: number | undefined },
  page: { readonly limit: number; readonly offset: number },
  now: number,
): Promise<{ readonly items: readonly FleetQuality[]; readonly more: boolean }> {
  const days = daysOf(period, now);
  const { rows } = await sql<{
    device: string;
    type: string;
    readings: number;
    stored: number;
    issues: number;
    first_seen_at: number;
    last_seen_at: number;
  }>`select device, devices.type, sum(readings) as readings, sum(stored) as stored, sum(issues) as issues,
      min(first_seen_at) as first_seen_at, max(last_seen_at) as last_seen_at
    from quality_days join devices on devices.id = device
    where day between ${days.first} and ${days.last}
    group by device
    order by 1.0 * sum(issues) / max(sum(readings), 1) desc, sum(issues) desc, device
    limit ${page.limit + 1} offset ${page.offset}`.execute(db);
  const shown = rows.slice(0, page.limit);
  const counts = await countsOf(
    db,
    shown.map(({ device }) => device),
    days,
  );
  return {
    more: rows.length > page.limit,
    items: shown.map((row) => ({
      device: row.device,
      type: row.type,
      issuesPerReading: row.issues / Math.max(row.readings, 1),
      ...countsRecord(counts.get(row.device) ?? [], {
        readings: row.readings,
        stored: row.stored,
        issues: row.issues,
        firstSeenAt: row.first_seen_at,
        lastSeenAt: row.last_seen_at,
      }),
    })),
  };
}

function daysOf(
  period: { readonly from?: number | undefined; readonly to?: number | undefined },
  now: number,
): Days {
  const today = Math.floor(now / DAY_MS);
  const first = period.from === undefined ? today - KEPT_DAYS + 1 : Math.floor(period.from / DAY_MS);
  const last = period.to === undefined ? today : Math.ceil(period.to / DAY_MS) - 1;
  return { first, last };
}

async function countsOf(
  db: Kysely<Schema>,
  devices: readonly string[],
  days: Days,
): Promise<Map<string, CountRow[]>> {
  const { rows } = await sql<CountRow & { device: string }>`
    select device, kind, name, sum(count) as count, max(last_seen_at) as last_seen_at
    from json_each(${JSON.stringify(devices)}) cross join quality_counts on device = value
    where day between ${days.first} and ${days.last}
    group by device, kind, name order by sum(count) desc, name`.execute(db);
  return Map.groupBy(rows, ({ device }) => device);
}

const OTHER = '(other)';

function countsRecord(
  rows: readonly CountRow[],
  totals: Pick<QualityCounts, 'readings' | 'stored' | 'issues' | 'firstSeenAt' | 'lastSeenAt'>,
): QualityCounts {
  const of = (kind: QualityKind) => rows.filter((row) => row.kind === kind);
  const total = (kind: QualityKind) => of(kind).reduce((sum, { count }) => sum + count, 0);
  // fromEntries makes own properties: a metric may be called `__proto__` in a record of an earlier version.
  const byName = (kind: QualityKind) =>
    Object.fromEntries(of(kind).map(({ name, count }) => [name === '' ? OTHER : name, count]));
  return {
    ...totals,
    late: total('late'),
    clockCorrected: total('clock_corrected'),
    clockSkewMs: medianSkewMs(of('clock_skew')),
    duplicates: total('duplicate'),
    nullIsland: total('null_island'),
    retried: total('retried'),
    unknownMetrics: byName('unknown_metric'),
    refused: byName('refused'),
    outOfRange: byName('out_of_range'),
    wrongKind: byName('wrong_kind'),
    kindChanged: byName('kind_changed'),
    unitConverted: byName('unit_converted'),
  };
}

function medianSkewMs(rows: readonly CountRow[]): number | null {
  const skews = rows
    .filter(({ name }) => name !== '')
    .map(({ name, count }) => ({ seconds: Number(name), count }))
    .sort((a, b) => a.seconds - b.seconds);
  let left = skews.reduce((sum, { count }) => sum + count, 0) / 2;
  for (const { seconds, count } of skews) {
    left -= count;
    if (left <= 0) return seconds * 1000;
  }
  return null;
}

function lastSeenOf(rows: readonly CountRow[]): Record<string, number> {
  const latest: Record<string, number> = {};
  for (const { kind, last_seen_at } of rows) {
    if (kind === 'clock_skew') continue;
    const field = FIELDS[kind];
    latest[field] = Math.max(latest[field] ?? 0, last_seen_at);
  }
  return latest;
}

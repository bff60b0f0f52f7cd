import { Buffer } from 'node:buffer';
import { crc32 } from 'node:zlib';
import { WaysideError } from '../errors.ts';
import type { TelemetryPage, TelemetryQuery } from './telemetry-store.ts';

/** Most points of one page, whatever the query asks for. */
export const MAX_PAGE_POINTS = 100_000;
/** Of a page of whole readings where the query does not say: some 200 ms of the thread that makes it. */
export const MAX_PAGE_CHARACTERS = 16 * 1024 * 1024;

/** Where a page ended: the time of its last point, and what orders points of the same millisecond. */
export interface PagePosition {
  /** Epoch ms; with `everyMs` the start of the bucket. */
  readonly at: number;
  /** Order within the millisecond, as the store has it; 0 for buckets. */
  readonly tie: number;
}

/** The `next` of a page that ended at `position`. It fits the same device, metric and bucket length only. */
export function encodeCursor(query: TelemetryQuery, position: PagePosition): string {
  const text = `${position.at}.${position.tie}`;
  return Buffer.from(`${text}.${checksum(query, text)}`).toString('base64url');
}

/** Position in the query's cursor, null without one; throws `bad_cursor` for one that no page of this query gave. */
export function decodeCursor(query: TelemetryQuery): PagePosition | null {
  if (query.cursor === undefined) return null;
  const match = /^(\d{1,16})\.(\d{1,16})\.(\d{1,10})$/.exec(
    Buffer.from(query.cursor, 'base64url').toString('latin1'),
  );
  const [, at, tie, sum] = match ?? [];
  if (at === undefined || tie === undefined || Number(sum) !== checksum(query, `${at}.${tie}`)) {
    throw new WaysideError(
      'bad_cursor',
      'the cursor is damaged, or belongs to another device, metric or bucket length',
    );
  }
  return { at: Number(at), tie: Number(tie) };
}

/** The query's bounds in whole ms: `from` inclusive, `to` exclusive, for fractions mean the same as their next whole ms. */
export function timeRange(query: TelemetryQuery): { readonly from: number; readonly to: number } {
  return {
    from: Math.max(0, Math.ceil(query.from ?? 0)),
    to: Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, Math.ceil(query.to ?? Number.MAX_SAFE_INTEGER))),
  };
}

/** How many points the query may have at most. */
export function pageLimit(query: TelemetryQuery): number {
  return Math.min(MAX_PAGE_POINTS, Math.max(1, Math.floor(query.limit)));
}

/**
 * Makes the page of rows that were read with one more than the limit: the extra one tells that there is a next page.
 */
export function toPage<Row extends PagePosition>(
  query: TelemetryQuery,
  rows: readonly Row[],
  toPoint: (row: Row) => TelemetryPage['points'][number],
): TelemetryPage {
  const limit = pageLimit(query);
  const taken = rows.slice(0, limit);
  const last = taken.at(-1);
  const next = rows.length > limit && last !== undefined ? encodeCursor(query, last) : null;
  return { points: taken.map(toPoint), next };
}

function checksum(query: TelemetryQuery, text: string): number {
  return crc32(JSON.stringify([text, query.deviceKey, query.metric ?? null, query.everyMs ?? null]));
}

import { Type } from '@fastify/type-provider-typebox';
import { cellToBoundary, cellToLatLng } from 'h3-js';
import { DAY_MS } from '../../../rules/time/duration.ts';
import { CELL_RESOLUTION, LEAST_DEVICES } from '../../cells/cell-tally.ts';
import type { CellSum } from '../../records/cell-days.ts';
import type { Bounds } from '../../records/place-bounds.ts';
import type { HttpApp, RouteContext } from '../context.ts';
import { Bbox, readBox } from '../place-view.ts';
import { badField } from '../refused.ts';
import { Closed, readTime } from '../shapes.ts';

const DEFAULT_DAYS = 7;
const MOST_DAYS = 400;
/** The ones with most readings; a map shows no more in a view. */
const MOST_CELLS = 5_000;

const TimeQuery = Type.String({
  maxLength: 40,
  description: 'Epoch ms or ISO 8601; the whole day (UTC) counts',
});

/** Where devices were, as a coarse grid. */
export function registerCellRoutes(app: HttpApp, { deps }: RouteContext): void {
  app.get(
    '/api/v1/analytics/cells',
    {
      schema: {
        summary: 'Where devices were: cells of a coarse grid, by day',
        description: `H3 cells of resolution ${CELL_RESOLUTION} (about 0.7 km²) as GeoJSON Polygons with \`cell\`, \`devices\` (on the day with most), \`readings\` and \`days\`. A day on which fewer than ${LEAST_DEVICES} devices were in a cell is left out. Days are those of UTC, by arrival; without times the last ${DEFAULT_DAYS}. At most ${MOST_CELLS} cells, those with most readings; \`numberMatched\` counts all. \`upTo\`: how far today is counted.`,
        tags: ['telemetry'],
        querystring: Closed({
          from: Type.Optional(TimeQuery),
          to: Type.Optional(TimeQuery),
          bbox: Type.Optional(Bbox),
        }),
        response: {
          200: Type.Unsafe<object>({ type: 'object', additionalProperties: true, description: 'GeoJSON' }),
        },
      },
    },
    async ({ query }) => {
      const { from, to } = daysOf(query, deps.clock.now());
      const { cells, upTo } = await deps.cells.between(from, to);
      const matched = query.bbox === undefined ? cells : within(cells, readBox(query.bbox));
      const shown = matched.toSorted((a, b) => b.readings - a.readings).slice(0, MOST_CELLS);
      return {
        type: 'FeatureCollection',
        resolution: CELL_RESOLUTION,
        leastDevices: LEAST_DEVICES,
        from: from * DAY_MS,
        to: to * DAY_MS,
        upTo,
        numberMatched: matched.length,
        features: shown.map(featureOf),
      };
    },
  );
}

function daysOf(
  query: { readonly from?: string; readonly to?: string },
  now: number,
): { readonly from: number; readonly to: number } {
  const to = query.to === undefined ? now + 1 : readTime('to', query.to);
  const end = Math.ceil(to / DAY_MS);
  const from =
    query.from === undefined ? end - DEFAULT_DAYS : Math.floor(readTime('from', query.from) / DAY_MS);
  if (from >= end) throw badField('query/from', 'must be earlier than to');
  if (end - from > MOST_DAYS) throw badField('query/from', `must be at most ${MOST_DAYS} days before to`);
  return { from, to: end };
}

function within(cells: readonly CellSum[], { west, south, east, north }: Bounds): readonly CellSum[] {
  return cells.filter(({ cell }) => {
    const [lat, lon] = cellToLatLng(cell);
    const isBetween = [lon, lon + 360].some((x) => x >= west && x <= east);
    return isBetween && lat >= south && lat <= north;
  });
}

function featureOf({ cell, devices, readings, days }: CellSum): object {
  return {
    type: 'Feature',
    id: cell,
    properties: { cell, devices, readings, days },
    geometry: { type: 'Polygon', coordinates: [ringOf(cell)] },
  };
}

/** Closed, and anticlockwise [RFC 7946 §3.1.6]; over the date line it goes on beyond 180°, as maps draw it. */
function ringOf(cell: string): readonly (readonly number[])[] {
  const ring = cellToBoundary(cell, true);
  const isOverDateLine = ring.some(([lon]) => lon < -90) && ring.some(([lon]) => lon > 90);
  return ring.map(([lon, lat]) => [round(isOverDateLine && lon < 0 ? lon + 360 : lon), round(lat)]);
}

/** To 0.1 m. */
function round(degrees: number): number {
  return Math.round(degrees * 1e6) / 1e6;
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { booleanPointInPolygon } from '@turf/boolean-point-in-polygon';
import { point } from '@turf/helpers';
import type { Feature, FeatureCollection, MultiPolygon, Point, Position } from 'geojson';
import { describe, expect, it, onTestFinished } from 'vitest';
import { eventually, startGateway } from '../support/gateway.ts';

const DATA = new URL('../../../shared/data/', import.meta.url);
const TRACK = 'bremen-track-5e61052477e02d42aa97fe9e.geojson';
const SIMULATOR = new URL('../../devices-sim/main.ts', import.meta.url).pathname;
const hasData = existsSync(new URL(`envirocar/${TRACK}`, DATA));
const skipped = hasData ? '' : ' (skipped: ../shared/data is absent)';

const SPEED = 60;
const DEVICE = 'dodge-caliber';
/** A fix is accepted on either side of the margin within this: the plane below is not the ellipsoid. */
const TOLERANCE_METRES = 1;
const METRES_PER_DEGREE = (Math.PI / 180) * 6_371_008.8;

interface Fix {
  readonly at: number;
  readonly lon: number;
  readonly lat: number;
  readonly accuracy: number;
}

type Polygon = Feature<MultiPolygon, { name: string }>;

/** A stay as it should be: `exits` has every fix at which it may end. */
interface ExpectedVisit {
  readonly place: string;
  readonly enteredAt: number;
  readonly exits: readonly number[];
}

function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(new URL(path, DATA), 'utf8')) as T;
}

function readFixes(): readonly Fix[] {
  type Properties = { time: string; phenomenons: Record<string, { value: number }> };
  const { features } = readJson<FeatureCollection<Point, Properties>>(`envirocar/${TRACK}`);
  return features.map(({ geometry, properties }) => {
    const [lon = Number.NaN, lat = Number.NaN] = geometry.coordinates;
    return {
      at: Date.parse(properties.time),
      lon,
      lat,
      accuracy: properties.phenomenons['GPS Accuracy']?.value ?? 10,
    };
  });
}

/** Metres east and north of `origin`, on the plane that touches the sphere there. */
function flatten(
  [lon = 0, lat = 0]: Position,
  origin: { readonly lon: number; readonly lat: number },
): readonly [number, number] {
  const eastward = Math.cos((origin.lat * Math.PI) / 180) * METRES_PER_DEGREE;
  return [(lon - origin.lon) * eastward, (lat - origin.lat) * METRES_PER_DEGREE];
}

/** Metres from the fix to the nearest point of any ring. */
function distanceToEdge(polygon: Polygon, fix: Fix): number {
  let nearest = Number.POSITIVE_INFINITY;
  for (const ring of polygon.geometry.coordinates.flat()) {
    const corners = ring.map((corner) => flatten(corner, fix));
    for (const [index, [bx, by]] of corners.entries()) {
      const [ax, ay] = corners[index - 1] ?? [bx, by];
      const [dx, dy] = [bx - ax, by - ay];
      const squared = dx * dx + dy * dy;
      const along = squared === 0 ? 0 : Math.min(1, Math.max(0, -(ax * dx + ay * dy) / squared));
      nearest = Math.min(nearest, Math.hypot(ax + along * dx, ay + along * dy));
    }
  }
  return nearest;
}

/** Shoelace formula; the first ring of a polygon counts, and its holes are taken away. */
function areaSquareMetres(polygon: Polygon): number {
  return polygon.geometry.coordinates.reduce((sum, rings) => {
    const [lon = 0, lat = 0] = rings[0]?.[0] ?? [];
    const areas = rings.map((ring) => {
      const corners = ring.map((corner) => flatten(corner, { lon, lat }));
      const twice = corners.reduce((total, [bx, by], index) => {
        const [ax, ay] = corners[index - 1] ?? [bx, by];
        return total + ax * by - bx * ay;
      }, 0);
      return Math.abs(twice) / 2;
    });
    return sum + (areas[0] ?? 0) - areas.slice(1).reduce((holes, area) => holes + area, 0);
  }, 0);
}

/** The design's rules of enter and exit, on a plane: `polygon` gives every stay of the journey. */
function expectedVisits(polygon: Polygon, place: string, fixes: readonly Fix[]): readonly ExpectedVisit[] {
  const radius = Math.sqrt(areaSquareMetres(polygon) / Math.PI);
  const margin = Math.min(Math.max(20, radius / 10), 200);
  const visits: ExpectedVisit[] = [];
  let enteredAt: number | null = null;
  let exits: number[] = [];
  for (const fix of fixes) {
    if (booleanPointInPolygon(point([fix.lon, fix.lat]), polygon)) {
      enteredAt ??= fix.at;
    } else if (enteredAt !== null) {
      const beyond = distanceToEdge(polygon, fix) - (margin + fix.accuracy);
      if (beyond > -TOLERANCE_METRES) exits.push(fix.at);
      if (beyond > TOLERANCE_METRES) {
        visits.push({ place, enteredAt, exits });
        enteredAt = null;
        exits = [];
      }
    }
  }
  return enteredAt === null ? visits : [...visits, { place, enteredAt, exits }];
}

/** Runs `npm run sim -- replay …` without npm, and gives what it printed. */
async function simulate(...args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [SIMULATOR, 'replay', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
    });
  }
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`replay left with ${code}: ${output}`);
  return output;
}

describe.skipIf(!hasData)(
  `the recorded Bremen journey over MQTT, at ${SPEED} times its speed${skipped}`,
  () => {
    it('opens and closes the visits that an independent computation finds', async () => {
      const fixes = readFixes();
      const polygons = readJson<FeatureCollection<MultiPolygon, { name: string }>>(
        'neighbourhoods/bremen.geojson',
      ).features;
      const file = new URL(`envirocar/${TRACK}`, DATA).pathname;
      const start = (await simulate('--print-start', file)).trim();
      expect(Date.parse(start)).toBe(fixes[0]?.at);

      // The clock runs while the places are saved: it is set 15 minutes, 15 seconds of real time, ahead of the journey.
      const gateway = await startGateway({
        env: {
          WAYSIDE_TIME_SCALE: String(SPEED),
          WAYSIDE_TIME_START: new Date(Date.parse(start) - 900_000).toISOString(),
        },
      });
      onTestFinished(() => gateway.stop());
      const features = polygons.map((polygon, index) => ({ ...polygon, id: `bremen-${index}` }));
      const saved = await gateway.api('POST', '/api/v1/places/import', {
        type: 'FeatureCollection',
        features,
      });
      expect(saved).toMatchObject({ status: 200, body: { imported: 88, refused: 0 } });

      const output = await simulate(
        file,
        '--speed',
        String(SPEED),
        '--device',
        DEVICE,
        '--url',
        gateway.mqttUrl,
        '--api',
        gateway.httpUrl,
        '--admin-token',
        gateway.adminToken,
        '--json',
      );
      expect(JSON.parse(output.trim().split('\n').at(-1) ?? '')).toMatchObject({
        done: true,
        published: fixes.length,
        acknowledged: fixes.length,
      });

      const telemetry = await eventually('every reading is stored', 20_000, async () => {
        const { body } = await gateway.api('GET', `/api/v1/telemetry/${DEVICE}?limit=1000`);
        return body.points.length >= fixes.length ? body : undefined;
      });
      const stored: readonly { at: number; flags: readonly string[] }[] = telemetry.points;
      expect(stored.map(({ at }) => at)).toEqual(fixes.map(({ at }) => at));
      // At this speed a machine that stalls for 2 s makes fixes late, which open and close nothing: the journey is the others then.
      expect(stored.flatMap(({ flags }) => flags).filter((flag) => flag !== 'late')).toEqual([]);
      const inTime = fixes.filter((_, index) => stored[index]?.flags.length === 0);
      expect(inTime.length).toBeGreaterThan(fixes.length / 2);

      type Visit = { place: string; enteredAt: number; exitedAt?: number; endedBy?: string };
      const visits: readonly Visit[] = (
        await gateway.api('GET', `/api/v1/visits?device=${DEVICE}&limit=1000`)
      ).body.items;
      const visitsOf = (journey: readonly Fix[]) =>
        polygons.flatMap((polygon, index) => expectedVisits(polygon, `bremen-${index}`, journey));
      const expected = visitsOf(inTime);
      const key = ({ place, enteredAt }: { place: string; enteredAt: number }) =>
        `${new Date(enteredAt).toISOString()} ${place}`;
      expect(visits.map(key).sort()).toEqual(expected.map(key).sort());

      const endings = expected.map((one) => {
        const { exitedAt, endedBy } = visits.find((visit) => key(visit) === key(one)) ?? {};
        return { place: one.place, exits: one.exits, exitedAt, endedBy };
      });
      const wrong = endings.filter(({ exits, exitedAt, endedBy }) =>
        exits.length === 0
          ? endedBy === 'exit'
          : exitedAt === undefined || endedBy !== 'exit' || !exits.includes(exitedAt),
      );
      expect(wrong).toEqual([]);

      // Of the whole journey, however much of it came in time: the independent computation is held against another one.
      const whole = visitsOf(fixes);
      expect(whole.filter(({ exits }) => exits.length > 0)).toHaveLength(14);
      // Shapely's crossings know no margin: it keeps one short way out and in again from being a visit of its own.
      type Crossing = { time: string; event: 'enter' | 'leave'; polygon: string };
      const { tracks } = readJson<{ tracks: Record<string, { events: readonly Crossing[] }> }>(
        'expected-crossings-bremen-share.json',
      );
      const enters = (tracks[TRACK]?.events ?? []).filter(({ event }) => event === 'enter');
      const found = new Set(
        whole.map(
          ({ place, enteredAt }) =>
            `${enteredAt} ${polygons[Number(place.slice('bremen-'.length))]?.properties.name}`,
        ),
      );
      const agreeing = enters.filter(({ time, polygon }) => found.has(`${Date.parse(time)} ${polygon}`));
      expect([enters.length, agreeing.length]).toEqual([16, 15]);
    }, 120_000);
  },
);

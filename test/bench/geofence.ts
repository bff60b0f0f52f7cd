import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Place } from '../../rules/places/place.ts';
import { type PlaceSet, placeSetOf } from '../../rules/places/place-set.ts';
import type { Bench, BenchResult, BenchRow } from './bench.ts';
import {
  CIRCLE_CONTENDERS,
  type Contender,
  type CountPlaces,
  POLYGON_CONTENDERS,
} from './geofence-contenders.ts';
import {
  CARS,
  CORNERS,
  circlePlace,
  makeCircles,
  makePolygons,
  makePositions,
  PLACES_A_CITY,
  type Positions,
  seeded,
} from './geofence-world.ts';

const SIZES = [1_000, 10_000, 100_000, 1_000_000];
const POLYGONS = 1_000;
/** A round of one contender at one size; linear ones do few positions in it, and that is enough to tell. */
const ROUND_MS = 1_500;
const WARM_UP_MS = 500;
const EDITS = 25;
const EDIT_SIZES = [1, 1_000];

interface Measured {
  readonly perSecond: number;
  readonly positions: number;
  /** How many places hold each of the first positions, to compare contenders by. */
  readonly first: readonly number[];
}

/** CPU time of this thread: what others do on the machine shows in it only as far as they take its caches. */
function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

function measure(count: CountPlaces, positions: Positions, forMs: number, compared: number): Measured {
  const total = positions.length / 2;
  const first: number[] = [];
  const started = threadMs();
  let elapsed = 0;
  let done = 0;
  // The clock is read now and then: reading it each time would cost as much as a lookup.
  for (; elapsed < forMs || done < compared; done++) {
    const index = 2 * (done % total);
    const found = count(positions[index] ?? 0, positions[index + 1] ?? 0);
    if (done < compared) first.push(found);
    if (done < 64 || done % 256 === 0) elapsed = threadMs() - started;
  }
  elapsed = threadMs() - started;
  return { perSecond: (done / elapsed) * 1_000, positions: done, first };
}

/** Measures contenders in turn; the first is what the others' answers are compared with. */
function compare<T>(
  contenders: readonly Contender<T>[],
  shapes: readonly T[],
  positions: Positions,
  progress: (line: string) => void,
): BenchRow[] {
  const rows: BenchRow[] = [];
  let reference: readonly number[] = [];
  for (const { subject, compared, mostPlaces, make } of contenders) {
    if (shapes.length > mostPlaces) continue;
    progress(`${subject}, ${shapes.length} places`);
    const count = make(shapes);
    measure(count, positions, WARM_UP_MS, 1);
    const measured = measure(count, positions, ROUND_MS, compared);
    if (rows.length === 0) reference = measured.first;
    const differs = measured.first.findIndex((found, index) => found !== reference[index]);
    if (differs >= 0) {
      throw new Error(
        `${subject} found ${measured.first[differs]} places at position ${differs}, the index ${reference[differs]}`,
      );
    }
    const sum = measured.first.reduce((total, found) => total + found, 0);
    rows.push({
      subject,
      figures: {
        places: shapes.length,
        'positions/s': measured.perSecond,
        'µs each': 1e6 / measured.perSecond,
        measured: measured.positions,
        'places a position': compared === 0 ? '–' : sum / compared,
      },
    });
  }
  return rows;
}

const COLUMNS = ['places', 'positions/s', 'µs each', 'measured', 'places a position'];

const speedOf = (rows: readonly BenchRow[], subject: string, places: number): number =>
  Number(
    rows.find((row) => row.subject === subject && row.figures.places === places)?.figures['positions/s'],
  );

function circles(progress: (line: string) => void): BenchResult {
  const rows = SIZES.flatMap((size) => {
    const random = seeded(size);
    const shapes = makeCircles(size, random);
    return compare(CIRCLE_CONTENDERS, shapes, makePositions(shapes, random), progress);
  });
  const [ours, many] = ['Wayside, place index', 100_000];
  return {
    name: 'geofence: circles',
    conditions: `one thread; seeded circles of 50 to 500 m, ${PLACES_A_CITY} a city; ${CARS} cars that drive on and say in turn where they are; ${ROUND_MS} ms a round after a warm-up, by CPU time of the thread`,
    columns: COLUMNS,
    rows,
    ratios: [
      { name: 'positions/s against 100,000 circles', value: speedOf(rows, ours, many), aim: '≥ 250,000' },
      {
        name: 'positions/s against 1,000,000 circles',
        value: speedOf(rows, ours, 1_000_000),
        aim: '≥ 150,000',
      },
      ...[
        ['cost of a position, whole step', 'Wayside, whole decide step'],
        ['cost of its lookup alone', ours],
      ].map(([name, subject = '']) => ({
        name: `${name}, at 1,000,000 ÷ at 1,000 places`,
        value: speedOf(rows, subject, 1_000) / speedOf(rows, subject, 1_000_000),
        aim: '≤ 3',
      })),
      ...['flatbush + geolib', 'geolib, linear', 'turf, linear'].map((peer) => ({
        name: `place index ÷ ${peer}, at 100,000 circles`,
        value: speedOf(rows, ours, many) / speedOf(rows, peer, many),
        aim: '> 1',
      })),
    ],
  };
}

function polygons(progress: (line: string) => void): BenchResult {
  const random = seeded(7);
  const rings = makePolygons(POLYGONS, random);
  const centres = rings.map(([first]) => ({ lat: first?.[1] ?? 0, lon: first?.[0] ?? 0 }));
  const rows = compare(POLYGON_CONTENDERS, rings, makePositions(centres, random), progress);
  const ours = speedOf(rows, 'Wayside, place index', POLYGONS);
  return {
    name: 'geofence: polygons',
    conditions: `one thread; ${POLYGONS} seeded stars of ${CORNERS} corners that overlap in one city; cars as above`,
    columns: COLUMNS,
    rows,
    ratios: [
      { name: 'positions/s against 1,000 polygons of 200 corners', value: ours, aim: '≥ 100,000' },
      {
        name: 'place index ÷ flatbush + turf',
        value: ours / speedOf(rows, 'flatbush + turf', POLYGONS),
        aim: '> 1',
      },
    ],
  };
}

/** Bytes in use, in the heap and in array buffers, after a collection. */
function bytesInUse(): number {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  // Twice: what the first one finds to be finalised, the second one frees.
  collect();
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function timeOf(work: () => void): number {
  const started = performance.now();
  work();
  return performance.now() - started;
}

/** Median and longest of edits of one size: places move and grow. */
function editTimes(
  set: PlaceSet,
  places: readonly Place[],
  size: number,
  random: () => number,
): readonly [number, number] {
  const times = Array.from({ length: EDITS }, () => {
    const put = makeCircles(size, random).map((circle, index) => ({
      ...circlePlace(circle, 0),
      id: places[Math.floor(random() * places.length)]?.id ?? `new-${index}`,
    }));
    return timeOf(() => set.with({ put, remove: [] }));
  }).sort((a, b) => a - b);
  return [times[EDITS >> 1] ?? Number.NaN, times[EDITS - 1] ?? Number.NaN];
}

/** In a function of its own, so that the circles are gone when memory is measured. */
const makePlaces = (size: number, random: () => number): readonly Place[] =>
  makeCircles(size, random).map(circlePlace);

function buildAndEdit(progress: (line: string) => void): BenchResult {
  const rows = SIZES.map((size): BenchRow => {
    progress(`building and changing ${size} places`);
    const random = seeded(size);
    const before = bytesInUse();
    const places = makePlaces(size, random);
    const withPlaces = bytesInUse();
    let set = placeSetOf([]);
    const buildMs = timeOf(() => {
      set = placeSetOf(places);
    });
    const withIndex = bytesInUse();
    const edits = EDIT_SIZES.flatMap((editSize) => {
      const [median, longest] = editTimes(set, places, editSize, random);
      return [
        [`edit of ${editSize}, ms`, median],
        [`longest of ${editSize}`, longest],
      ] as const;
    });
    return {
      subject: 'Wayside, place set',
      figures: {
        places: size,
        'bytes a place, index': (withIndex - withPlaces) / size,
        'bytes a place, with the place': (withIndex - before) / size,
        'build ms': buildMs,
        ...Object.fromEntries(edits),
      },
    };
  });
  const longest = rows.at(-1)?.figures[`longest of ${EDIT_SIZES.at(-1)}`];
  return {
    name: 'geofence: building, editing, memory',
    conditions: `circles as above; ${EDITS} edits of each size, of places anywhere; the set that was there stays as it is`,
    columns: [
      'places',
      'bytes a place, index',
      'bytes a place, with the place',
      'build ms',
      ...EDIT_SIZES.flatMap((size) => [`edit of ${size}, ms`, `longest of ${size}`]),
    ],
    rows,
    ratios: [
      { name: 'longest edit of 1,000 among 1,000,000 places, ms', value: Number(longest), aim: '≤ 50' },
    ],
  };
}

/** Which places hold a position: the index of rules/ beside what others build of their libraries, on one thread. */
export const geofenceBench: Bench = {
  name: 'geofence',
  about:
    'positions a second looked up against 1 k to 1 M circles and 1 k polygons, memory and edits, on one thread',
  async run(progress) {
    return [circles(progress), polygons(progress), buildAndEdit(progress)];
  },
};

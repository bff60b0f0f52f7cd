import { distanceToLine, type Point } from './plane.ts';
import type { Random } from './random.ts';
import { AVENUE_NAMES, createStreetNames, PARK_NAMES } from './street-names.ts';

export type StreetKind = 'street' | 'avenue' | 'ring';

/** A street as drawn: lines may cross each other anywhere; corners are found by street-graph.ts. */
export interface DrawnStreet {
  readonly name: string;
  readonly kind: StreetKind;
  /** One street may be interrupted, by a park for instance. */
  readonly lines: readonly (readonly Point[])[];
  /** Whether it crosses the river on a bridge; others end at the bank. */
  readonly bridges: boolean;
}

export interface Area {
  readonly name: string;
  /** Closed: the last point is the first. */
  readonly outline: readonly Point[];
}

export interface StreetPlan {
  readonly streets: readonly DrawnStreet[];
  readonly river: {
    readonly name: string;
    readonly centreLine: readonly Point[];
    readonly widthMetres: number;
  };
  readonly parks: readonly Area[];
}

/** Radius in metres by angle (radians): a closed shape around the centre. */
type Shape = (angle: number) => number;

const RIVER_WIDTH_METRES = 70;
const QUAY_FROM_BANK_METRES = 28;
/** Lines run a little past the border at which they end, so that they surely meet the street that follows it. */
const OVERSHOOT_METRES = 10;
const SAMPLE_METRES = 90;

/**
 * Draws a city of some 5 km across: an old town with narrow lanes inside its wall street, a looser and warped grid around
 * it, a ring road, avenues out of the centre, a river with quays and few bridges, and parks.
 */
export function drawStreetPlan(random: Random): StreetPlan {
  const names = createStreetNames(random.fork('names'));
  const oldTown = wavyCircle(620, 0.05, random);
  const ring = wavyCircle(1650, 0.05, random);
  const border = wavyCircle(2450, 0.09, random);
  const centreLine = drawRiver(random);
  const parks = drawParks(random, centreLine);

  const avenueAngles = AVENUE_NAMES.map(
    (_, index) => (index + random.between(-0.18, 0.18)) * ((2 * Math.PI) / AVENUE_NAMES.length) + 0.4,
  );
  const avenues = avenueAngles.map((angle, index): DrawnStreet => {
    const bend = random.between(-0.16, 0.16);
    const end = border(angle) + 60;
    const line = samples(80, end).map((radius) => polar(radius, angle + bend * (radius / end) ** 2));
    return { name: `${AVENUE_NAMES[index]} Avenue`, kind: 'avenue', lines: [line], bridges: true };
  });
  const quay = RIVER_WIDTH_METRES / 2 + QUAY_FROM_BANK_METRES;

  return {
    streets: [
      { name: 'Town Hall Square', kind: 'street', lines: [closed(() => 90, 12)], bridges: false },
      { name: 'Wall Street', kind: 'avenue', lines: [closed(oldTown, 48)], bridges: false },
      { name: 'Ring Road', kind: 'ring', lines: [closed(ring, 96)], bridges: true },
      ...avenues,
      { name: 'North Quay', kind: 'avenue', lines: [shift(centreLine, quay)], bridges: false },
      { name: 'South Quay', kind: 'street', lines: [shift(centreLine, -quay)], bridges: false },
      ...drawGrid(random.fork('old town'), names, {
        turn: 0.62,
        spacingMetres: 125,
        reachMetres: 700,
        gaps: 0.02,
        inside: (point) => outside(point, oldTown) < 0,
      }),
      ...drawGrid(random.fork('grid'), names, {
        turn: 0.14,
        spacingMetres: 205,
        reachMetres: 2900,
        gaps: 0.025,
        inside: (point) => outside(point, oldTown) > 0 && outside(point, border) < 0,
      }),
    ],
    river: { name: 'River Alne', centreLine, widthMetres: RIVER_WIDTH_METRES },
    parks,
  };
}

interface Grid {
  /** Radians by which the whole grid is turned. */
  readonly turn: number;
  readonly spacingMetres: number;
  readonly reachMetres: number;
  /** Chance at each sample that a street is interrupted there for a block or two. */
  readonly gaps: number;
  readonly inside: (point: Point) => boolean;
}

function drawGrid(random: Random, names: () => string, grid: Grid): DrawnStreet[] {
  const streets: DrawnStreet[] = [];
  const phases = [
    random.between(0, 6),
    random.between(0, 6),
    random.between(0, 6),
    random.between(0, 6),
  ] as const;
  const place = (across: number, along: number, northSouth: boolean): Point => {
    // Two slow waves bend all streets of one direction alike, so that neighbours stay apart.
    const warped =
      across +
      0.2 * grid.spacingMetres * Math.sin(along / 620 + phases[northSouth ? 0 : 1]) +
      40 * Math.sin(along / 1500 + phases[northSouth ? 2 : 3]);
    const [u, v] = northSouth ? [warped, along] : [along, warped];
    return {
      x: u * Math.cos(grid.turn) - v * Math.sin(grid.turn),
      y: u * Math.sin(grid.turn) + v * Math.cos(grid.turn),
    };
  };
  for (const northSouth of [true, false]) {
    let count = 0;
    for (
      let across = -grid.reachMetres;
      across < grid.reachMetres;
      across += grid.spacingMetres * random.between(0.72, 1.3)
    ) {
      const offset = across;
      const lines = runs(
        samples(-grid.reachMetres, grid.reachMetres),
        (along) => place(offset, along, northSouth),
        grid,
        random,
      );
      count += 1;
      if (lines.length > 0)
        streets.push({ name: names(), kind: 'street', lines, bridges: northSouth && count % 4 === 0 });
    }
  }
  return streets;
}

/** Cuts one line of a grid into the stretches that lie inside its area and are not left out by chance. */
function runs(
  alongs: readonly number[],
  place: (along: number) => Point,
  grid: Grid,
  random: Random,
): Point[][] {
  const lines: Point[][] = [];
  let line: Point[] = [];
  let leaveOut = 0;
  const finish = () => {
    if (line.length > 1) lines.push(line);
    line = [];
  };
  alongs.forEach((along, index) => {
    const point = place(along);
    const before = alongs[index - 1];
    const nowInside = grid.inside(point);
    if (before !== undefined && nowInside !== grid.inside(place(before))) {
      const edge = borderBetween(before, along, (at) => grid.inside(place(at)));
      const outward = nowInside ? -OVERSHOOT_METRES : OVERSHOOT_METRES;
      if (leaveOut === 0) line.push(place(edge + outward));
      if (!nowInside) finish();
    }
    if (!nowInside) return;
    if (leaveOut > 0) leaveOut -= 1;
    else if (random.chance(grid.gaps)) {
      line.push(point);
      finish();
      leaveOut = 2 + random.integer(3);
    } else line.push(point);
  });
  finish();
  return lines;
}

/** Bisection for the place between two samples at which `inside` changes; 12 halvings of 90 m are 2 cm. */
function borderBetween(from: number, to: number, inside: (along: number) => boolean): number {
  let [low, high] = [from, to];
  const start = inside(from);
  for (let halving = 0; halving < 12; halving += 1) {
    const middle = (low + high) / 2;
    if (inside(middle) === start) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

function drawRiver(random: Random): Point[] {
  const phase = random.between(-0.5, 0.5);
  return samples(-2900, 2900).map((x) => ({
    x,
    y: -960 + 170 * Math.sin(x / 760 + phase) + 60 * Math.sin(x / 330 + 2 * phase) + 0.06 * x,
  }));
}

function drawParks(random: Random, river: readonly Point[]): Area[] {
  const parks: { name: string; centre: Point; radius: number; outline: Point[] }[] = [];
  for (let attempt = 0; attempt < 400 && parks.length < PARK_NAMES.length; attempt += 1) {
    const radius = random.between(130, 300);
    const centre = polar(random.between(950, 2150), random.between(0, 2 * Math.PI));
    const clear =
      distanceToLine(centre, river) > radius + 120 &&
      parks.every(
        (park) => Math.hypot(park.centre.x - centre.x, park.centre.y - centre.y) > park.radius + radius + 350,
      );
    if (!clear) continue;
    const shape = wavyCircle(radius, 0.16, random);
    const outline = closed(shape, 28).map((point) => ({ x: point.x + centre.x, y: point.y + centre.y }));
    parks.push({ name: PARK_NAMES[parks.length] as string, centre, radius, outline });
  }
  return parks.map(({ name, outline }) => ({ name, outline }));
}

function wavyCircle(radius: number, waviness: number, random: Random): Shape {
  const [two, three] = [random.between(0, 6), random.between(0, 6)];
  return (angle) =>
    radius * (1 + waviness * (0.6 * Math.sin(2 * angle + two) + 0.4 * Math.sin(3 * angle + three)));
}

/** Metres by which a point lies outside a shape; negative inside. */
function outside(point: Point, shape: Shape): number {
  return Math.hypot(point.x, point.y) - shape(Math.atan2(point.y, point.x));
}

function polar(radius: number, angle: number): Point {
  return { x: radius * Math.cos(angle), y: radius * Math.sin(angle) };
}

function closed(shape: Shape, corners: number): Point[] {
  return Array.from({ length: corners + 1 }, (_, index) => {
    const angle = ((index % corners) * 2 * Math.PI) / corners;
    return polar(shape(angle), angle);
  });
}

/** From `low` to `high` in steps of about SAMPLE_METRES, both included. */
function samples(low: number, high: number): number[] {
  const steps = Math.ceil((high - low) / SAMPLE_METRES);
  return Array.from({ length: steps + 1 }, (_, index) => low + ((high - low) * index) / steps);
}

/** A line beside a west-east line, `metres` to its north. */
function shift(line: readonly Point[], metres: number): Point[] {
  return line.map((point, index) => {
    const before = line[Math.max(0, index - 1)] as Point;
    const after = line[Math.min(line.length - 1, index + 1)] as Point;
    const length = Math.hypot(after.x - before.x, after.y - before.y);
    return {
      x: point.x - ((after.y - before.y) / length) * metres,
      y: point.y + ((after.x - before.x) / length) * metres,
    };
  });
}

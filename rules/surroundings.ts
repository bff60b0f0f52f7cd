import { crosses, pathBetween } from './geometry/crossing.ts';
import { type Box, boxOf, growBox } from './geometry/path.ts';
import { contains, nearestOnEdge } from './geometry/shape.ts';
import type { LatLon } from './geometry/sphere.ts';
import { type DeviceMemory, own } from './memory.ts';
import type { CompiledPlace, NearPlace, PartsInBox } from './places/place-set.ts';
import type { Rulebook } from './rulebook.ts';

type Visits = DeviceMemory['visits'];

/** Sides of a cell; some 550 m to the north, and as much to the east at the latitudes where most people live. */
const CELL_LAT_DEGREES = 0.005;
const CELL_LON_DEGREES = 0.0075;
const CELLS_A_ROW = 360 / CELL_LON_DEGREES;
/** Further to the north or south cells are narrow, and boxes with a margin reach a pole. */
const LARGEST_LAT = 80;
/** Around a cell, so that one who comes into it comes from what is known of it too: cars do that in 10 s. */
const MARGIN_METRES = 300;
/** Going through more than this one by one is slower than looking them up. */
const MOST_PARTS = 64;
/** Cells that are remembered: some 4,000 km², 10 MB. */
const MOST_CELLS = 16_384;
/** What is fetched for an approach reaches further by this than was asked for: others are faster. */
const FURTHER = 1.5;

interface Cell {
  /** With the margin. */
  readonly box: Box;
  /** Parts of places that touch the box; null: too many. */
  readonly places: PartsInBox | null;
  /** Of places that any rule waits for to be passed. */
  readonly passed: PartsInBox | null;
  readonly mayHoldZone: boolean;
  /** Of places that any rule waits for to be approached, as far around as was asked for. */
  approached: { readonly metres: number; readonly places: PartsInBox | null };
}

/**
 * Answers of a rulebook about spots, where it is asked about the same quarters of a town again and again: what lies around is remembered
 * by cells, and mostly that is nothing, or a few boxes. Answers are those of the rulebook's own look-ups, to which it leaves what is
 * rare: quarters where too much lies together, and the ends of the earth. It remembers a bounded number of cells.
 */
export interface Surroundings {
  /** Whether a point lies in a place that the visits do not name. */
  holdsOther(lat: number, lon: number, visits: Visits): boolean;
  inSensitiveZone(lat: number, lon: number): boolean;
  /** Whether the line between two points has one in common with a place that rules wait for to be passed, and visits do not name. */
  passesOther(from: LatLon, to: LatLon, visits: Visits): boolean;
  /** As `PlaceSet.within`, of the places that rules wait for to be approached. */
  approached(
    lat: number,
    lon: number,
    metres: number,
    wanted: (compiled: CompiledPlace) => boolean,
  ): readonly NearPlace[];
}

export function surroundingsOf(rulebook: Rulebook): Surroundings {
  const lookedUp = lookedUpIn(rulebook);
  const cells = new Map<number, Cell>();
  const awaited = { pass: rulebook.hasRulesOn('pass'), approach: rulebook.hasRulesOn('approach') };
  let lastKey = -1;
  let last: Cell | null = null;

  /** Null beyond what cells are made of. */
  function cellAt(lat: number, lon: number): Cell | null {
    if (Math.abs(lat) > LARGEST_LAT || Math.abs(lon) > 179) return null;
    const row = Math.floor((lat + 90) / CELL_LAT_DEGREES);
    const column = Math.floor((lon + 180) / CELL_LON_DEGREES);
    const key = row * CELLS_A_ROW + column;
    if (key === lastKey) return last;
    let cell = cells.get(key);
    if (cell === undefined) {
      cell = cellOf(row, column);
      if (cells.size >= MOST_CELLS) cells.clear();
      cells.set(key, cell);
    }
    lastKey = key;
    last = cell;
    return cell;
  }

  function cellOf(row: number, column: number): Cell {
    const south = row * CELL_LAT_DEGREES - 90;
    const west = column * CELL_LON_DEGREES - 180;
    const bare = { west, south, east: west + CELL_LON_DEGREES, north: south + CELL_LAT_DEGREES };
    const box = growBox(bare, MARGIN_METRES);
    return {
      box,
      places: few(rulebook.places.partsIn(box)),
      passed: awaited.pass ? few(rulebook.placesWaitedFor('pass').partsIn(box)) : NO_PARTS,
      mayHoldZone: rulebook.mayHoldSensitiveZone(box),
      approached: NOT_ASKED,
    };
  }

  function approachedFrom(cell: Cell, metres: number): PartsInBox | null {
    if (cell.approached.metres < metres) {
      const furthest = metres * FURTHER;
      const box = growBox(cell.box, furthest);
      const isOnMap = box.west >= -180 && box.east <= 180;
      const places = isOnMap ? few(rulebook.placesWaitedFor('approach').partsIn(box)) : null;
      cell.approached = { metres: furthest, places };
    }
    return cell.approached.places;
  }

  return {
    holdsOther(lat, lon, visits) {
      const parts = cellAt(lat, lon)?.places ?? null;
      if (parts === null) return lookedUp.holdsOther(lat, lon, visits);
      const { boxes, owners } = parts;
      for (let part = 0; part < owners.length; part += 1) {
        if (!isInBox(boxes, 4 * part, lat, lon)) continue;
        const { place, shape } = owners[part] as CompiledPlace;
        if (own(visits, place.id) === undefined && contains(shape, lat, lon)) return true;
      }
      return false;
    },
    inSensitiveZone: (lat, lon) =>
      (cellAt(lat, lon)?.mayHoldZone ?? true) && rulebook.inSensitiveZone(lat, lon),
    passesOther(from, to, visits) {
      if (!awaited.pass) return false;
      const cell = cellAt(to.lat, to.lon);
      const parts = cell !== null && isInside(cell.box, from) ? cell.passed : null;
      if (parts === null) return lookedUp.passesOther(from, to, visits);
      const { boxes, owners } = parts;
      if (owners.length === 0) return false;
      const box = boxOf(pathBetween(from, to));
      for (let part = 0; part < owners.length; part += 1) {
        if (!touches(boxes, 4 * part, box)) continue;
        const { place, shape } = owners[part] as CompiledPlace;
        if (own(visits, place.id) === undefined && crosses(shape, from, to)) return true;
      }
      return false;
    },
    approached(lat, lon, metres, wanted) {
      const cell = cellAt(lat, lon);
      const parts = cell === null ? null : approachedFrom(cell, metres);
      if (parts === null) return lookedUp.approached(lat, lon, metres, wanted);
      const { boxes, owners } = parts;
      if (owners.length === 0) return NONE_NEAR;
      const box = growBox({ west: lon, south: lat, east: lon, north: lat }, metres);
      const near: NearPlace[] = [];
      for (let part = 0; part < owners.length; part += 1) {
        if (!touches(boxes, 4 * part, box)) continue;
        const compiled = owners[part] as CompiledPlace;
        if (near.some((one) => one.compiled === compiled) || !wanted(compiled)) continue;
        const edge = nearestOnEdge(compiled.shape, lat, lon);
        if (edge.metres > 0 && edge.metres <= metres) near.push({ compiled, edge });
      }
      return near;
    },
  };
}

/** The same without a memory: for where devices are everywhere, and each is asked about once in a while. */
export function lookedUpIn(rulebook: Rulebook): Surroundings {
  const isOther = (visits: Visits) => (compiled: CompiledPlace) =>
    own(visits, compiled.place.id) === undefined;
  return {
    holdsOther(lat, lon, visits) {
      const places = rulebook.placesAt(lat, lon);
      return places.length > 0 && places.some(isOther(visits));
    },
    inSensitiveZone: (lat, lon) => rulebook.inSensitiveZone(lat, lon),
    passesOther: (from, to, visits) =>
      rulebook.hasRulesOn('pass') &&
      rulebook.placesWaitedFor('pass').crossedBy(from, to).some(isOther(visits)),
    approached: (lat, lon, metres, wanted) =>
      rulebook.placesWaitedFor('approach').within(lat, lon, metres, wanted),
  };
}

const NO_PARTS: PartsInBox = { owners: [], boxes: [] };
const NOT_ASKED: Cell['approached'] = { metres: -1, places: null };
const NONE_NEAR: readonly NearPlace[] = [];

/** In order of the ids; null where there are too many. */
function few({ owners, boxes }: PartsInBox): PartsInBox | null {
  if (owners.length === 0) return NO_PARTS;
  if (owners.length > MOST_PARTS) return null;
  const order = owners.map((_, part) => part);
  order.sort((a, b) => (idOf(owners, a) < idOf(owners, b) ? -1 : 1));
  return {
    owners: order.map((part) => owners[part] as CompiledPlace),
    boxes: order.flatMap((part) => boxes.slice(4 * part, 4 * part + 4)),
  };
}

const idOf = (owners: readonly CompiledPlace[], part: number): string => owners[part]?.place.id ?? '';

function isInBox(boxes: readonly number[], at: number, lat: number, lon: number): boolean {
  return (
    lon >= (boxes[at] as number) &&
    lon <= (boxes[at + 2] as number) &&
    lat >= (boxes[at + 1] as number) &&
    lat <= (boxes[at + 3] as number)
  );
}

function touches(boxes: readonly number[], at: number, { west, south, east, north }: Box): boolean {
  return (
    east >= (boxes[at] as number) &&
    west <= (boxes[at + 2] as number) &&
    north >= (boxes[at + 1] as number) &&
    south <= (boxes[at + 3] as number)
  );
}

const isInside = ({ west, south, east, north }: Box, { lat, lon }: LatLon): boolean =>
  lon >= west && lon <= east && lat >= south && lat <= north;

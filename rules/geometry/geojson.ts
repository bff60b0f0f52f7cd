import { getAreaOfPolygon } from 'geolib';
import { describeFound, type Fields, type Report, readFields, readNumber } from '../document/document.ts';
import { checkHoles } from './hole-check.ts';
import {
  boxOf,
  closeAroundPole,
  goesAroundPole,
  latOf,
  lonOf,
  type Path,
  pointsOf,
  shiftNear,
  unwrap,
} from './path.ts';
import { cleanRing, findSelfCrossing } from './ring-check.ts';

/** What a place covers. Plain data. */
export type PlaceGeometry =
  | { readonly kind: 'circle'; readonly lat: number; readonly lon: number; readonly radiusMetres: number }
  | {
      readonly kind: 'polygons';
      /** Polygons of rings, the outer first, then holes; unwrapped, so that longitudes may pass 180. */
      readonly polygons: readonly (readonly Path[])[];
      /** Radius of the circle of the same area: what accuracy gate and exit margin go by. */
      readonly radiusMetres: number;
    }
  | {
      readonly kind: 'corridor';
      /** The line in the middle, unwrapped. */
      readonly line: Path;
      /** Distance from the line to either side: what accuracy gate and exit margin go by. */
      readonly radiusMetres: number;
    };

const SMALLEST_RADIUS_METRES = 10;
const LARGEST_RADIUS_METRES = 50_000;
/** Some 20 times the most detailed city district seen. Looking a ring through takes 0.1 s then, for which devices wait. */
const MOST_POINTS = 20_000;
/** What older versions took. */
const MOST_SAVED_POINTS = 100_000;

export interface GeometryOptions {
  /** Of a Point, 10 where missing; with 0 its radius may be missing too. */
  readonly leastRadiusMetres?: number;
  /** Whether it was checked when it was saved: rings are not looked through again, nor for what older versions did not refuse. */
  readonly isSaved?: boolean;
}

/**
 * Reads the geometry of a place's Feature; a Point takes its radius from the properties, a LineString its width.
 * Points that repeat the one before, spikes, and holes inside of holes are left out; what crosses itself is refused.
 */
export function readPlaceGeometry(
  value: unknown,
  properties: Fields,
  report: Report,
  { leastRadiusMetres = SMALLEST_RADIUS_METRES, isSaved = false }: GeometryOptions = {},
): PlaceGeometry | null {
  const fields = readFields(value, 'geometry', null, report);
  if (fields === null) return null;
  switch (fields.type) {
    case 'Point':
      return readCircle(fields.coordinates, properties, leastRadiusMetres, report);
    case 'Polygon':
      return readPolygons([fields.coordinates], () => 'geometry.coordinates', isSaved, report);
    case 'MultiPolygon':
      if (!Array.isArray(fields.coordinates) || fields.coordinates.length === 0) {
        report(
          'geometry.coordinates',
          `must be a list of polygons, found ${describeFound(fields.coordinates)}`,
        );
        return null;
      }
      return readPolygons(fields.coordinates, (index) => `geometry.coordinates.${index}`, isSaved, report);
    case 'LineString':
      return readCorridor(fields.coordinates, properties, isSaved, report);
    default:
      report(
        'geometry.type',
        `must be Point, Polygon, MultiPolygon or LineString, found ${describeFound(fields.type)}`,
      );
      return null;
  }
}

function readCircle(
  coordinates: unknown,
  properties: Fields,
  leastRadiusMetres: number,
  report: Report,
): PlaceGeometry | null {
  const found = properties.radiusMetres ?? (leastRadiusMetres === 0 ? 0 : undefined);
  const radiusMetres = readNumber(found, 'properties.radiusMetres', report, {
    min: leastRadiusMetres,
    max: LARGEST_RADIUS_METRES,
  });
  const centre = readPoint(coordinates, 'geometry.coordinates', 180, report);
  if (radiusMetres === null || centre === null) return null;
  return { kind: 'circle', lat: centre[1], lon: centre[0], radiusMetres };
}

function readCorridor(
  coordinates: unknown,
  properties: Fields,
  isSaved: boolean,
  report: Report,
): PlaceGeometry | null {
  const radiusMetres = readNumber(properties.corridorMetres, 'properties.corridorMetres', report, {
    min: SMALLEST_RADIUS_METRES,
    max: LARGEST_RADIUS_METRES,
  });
  if (!Array.isArray(coordinates) || coordinates.length < 2) {
    report(
      'geometry.coordinates',
      `must be a line of at least 2 positions, found ${describeFound(coordinates)}`,
    );
    return null;
  }
  if (isTooLong(coordinates.length, isSaved, report)) return null;
  const line = readPath(coordinates, 'geometry.coordinates', report);
  if (
    radiusMetres === null ||
    line === null ||
    goesTwiceRound(unwrap(line), 'geometry.coordinates', report)
  ) {
    return null;
  }
  return { kind: 'corridor', line, radiusMetres };
}

/** Points are looked for on neighbouring turns of the globe only. */
function goesTwiceRound(path: Path, where: string, report: Report): boolean {
  const { west, east } = boxOf(path);
  if (east - west <= 360) return false;
  report(where, 'must not go round the globe more than once');
  return true;
}

function isTooLong(points: number, isSaved: boolean, report: Report): boolean {
  const most = isSaved ? MOST_SAVED_POINTS : MOST_POINTS;
  if (points <= most) return false;
  report('geometry.coordinates', `must have at most ${most} points, found ${points}: simplify the outline`);
  return true;
}

/** [lon, lat] and perhaps an altitude, which says nothing here. */
function readPoint(
  value: unknown,
  path: string,
  maxLon: number,
  report: Report,
): readonly [number, number] | null {
  if (Array.isArray(value) && value.length >= 2) {
    const [lon, lat]: unknown[] = value;
    if (
      typeof lon === 'number' &&
      typeof lat === 'number' &&
      Math.abs(lon) <= maxLon &&
      Math.abs(lat) <= 90
    ) {
      return [lon, lat];
    }
    if (
      typeof lon === 'number' &&
      typeof lat === 'number' &&
      Math.abs(lat) <= maxLon &&
      Math.abs(lon) <= 90
    ) {
      report(path, 'must be [longitude, latitude]; these two look swapped');
      return null;
    }
  }
  report(path, `must be [longitude, latitude] within ±${maxLon} and ±90, found ${describeFound(value)}`);
  return null;
}

function readPolygons(
  values: readonly unknown[],
  pathOf: (index: number) => string,
  isSaved: boolean,
  report: Report,
): PlaceGeometry | null {
  if (isTooLong(values.flat(2).length, isSaved, report)) return null;
  const polygons = values
    .map((value, index) => readPolygon(value, pathOf(index), isSaved, report))
    .filter((one) => one !== null);
  if (polygons.length !== values.length) return null;
  const areaSquareMetres = polygons.reduce((sum, rings) => sum + areaOf(rings), 0);
  if (areaSquareMetres < 1) {
    report('geometry.coordinates', 'must enclose an area of at least 1 m²');
    return null;
  }
  return { kind: 'polygons', polygons, radiusMetres: Math.sqrt(areaSquareMetres / Math.PI) };
}

function areaOf([outer, ...holes]: readonly Path[]): number {
  const area = (ring: Path) =>
    getAreaOfPolygon(
      Array.from({ length: pointsOf(ring) }, (_, point) => ({
        lat: latOf(ring, point),
        lon: lonOf(ring, point),
      })),
    );
  return outer === undefined
    ? 0
    : Math.max(0, area(outer) - holes.reduce((sum, hole) => sum + area(hole), 0));
}

function readPolygon(value: unknown, path: string, isSaved: boolean, report: Report): readonly Path[] | null {
  if (!Array.isArray(value) || value.length === 0) {
    report(path, `must be a list of rings, found ${describeFound(value)}`);
    return null;
  }
  const rings = value
    .map((ring, index) => readRing(ring, `${path}.${index}`, isSaved, report))
    .filter((ring) => ring !== null);
  const [outer, ...holes] = rings;
  if (outer === undefined || rings.length !== value.length) return null;
  const closed = closeAroundPole(outer);
  const shifted = holes.map((hole) => shiftNear(hole, closed));
  const findings = isSaved ? [] : checkHoles(closed, shifted);
  for (const { hole, message } of findings) if (message !== null) report(`${path}.${hole + 1}`, message);
  const idle = new Set(findings.map(({ hole }) => hole));
  return [closed, ...shifted.filter((_, hole) => !idle.has(hole))];
}

/** RFC 7946 §3.1.6: four or more positions, the first and the last alike. Either orientation is taken, for real files have both. */
function readRing(value: unknown, path: string, isSaved: boolean, report: Report): Path | null {
  if (!Array.isArray(value) || value.length < 4) {
    report(path, `must be a ring of at least 4 positions, found ${describeFound(value)}`);
    return null;
  }
  const points = readPath(value, path, report);
  if (points === null) return null;
  const last = pointsOf(points) - 1;
  if (lonOf(points, 0) !== lonOf(points, last) || latOf(points, 0) !== latOf(points, last)) {
    report(path, 'must end where it begins (first and last position alike)');
    return null;
  }
  if (goesTwiceRound(unwrap(points), path, report)) return null;
  const ring = cleanRing(points);
  const crossing = isSaved ? null : findSelfCrossing(ring);
  if (crossing !== null) {
    report(path, crossing);
    return null;
  }
  // A ring around a pole encloses the pole's cap, whatever its corners enclose on paper.
  if (!goesAroundPole(ring.path) && flatArea(ring.path) < SMALLEST_AREA_SQUARE_DEGREES) {
    report(path, 'encloses no area: its corners lie on one line, or its edges cross as in a bow tie');
    return null;
  }
  return ring.path;
}

/** One problem is enough for a path: a thousand alike would hide the others. */
function readPath(values: readonly unknown[], path: string, report: Report): Path | null {
  const points = new Float64Array(2 * values.length);
  for (const [index, element] of values.entries()) {
    // 360: some makers write a ring over the date line with longitudes beyond 180.
    const point = readPoint(element, `${path}.${index}`, 360, report);
    if (point === null) return null;
    points.set(point, 2 * index);
  }
  return points;
}

/** About 0.1 m² at the equator. */
const SMALLEST_AREA_SQUARE_DEGREES = 1e-11;

/** The shoelace formula (Meister 1769), measured from the first corner, so that small rings far from 0° keep their digits. */
function flatArea(ring: Path): number {
  const [lon0, lat0] = [lonOf(ring, 0), latOf(ring, 0)];
  let twice = 0;
  for (let point = 1; point < pointsOf(ring); point++) {
    twice += (lonOf(ring, point - 1) - lon0) * (latOf(ring, point) - lat0);
    twice -= (lonOf(ring, point) - lon0) * (latOf(ring, point - 1) - lat0);
  }
  return Math.abs(twice) / 2;
}

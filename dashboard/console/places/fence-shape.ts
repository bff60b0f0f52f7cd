import type { Geometry, Position } from 'geojson';
import { type Bounds, boundsOf } from '../../look/map/place-shapes.ts';

/** [longitude, latitude] in degrees. */
export type Corner = readonly [number, number];

/** A fence while it is drawn and edited. Rings are open: their last corner is not the first again. */
export type FenceShape =
  | { readonly kind: 'circle'; readonly centre: Corner; readonly radiusMetres: number }
  | {
      readonly kind: 'polygon';
      /** Polygons of rings, the outer first, then holes. */
      readonly polygons: readonly (readonly (readonly Corner[])[])[];
    }
  | { readonly kind: 'corridor'; readonly corners: readonly Corner[]; readonly corridorMetres: number };

export type FenceKind = FenceShape['kind'];

/** Which corner of a shape: of a polygon's ring, or of a corridor (then both are 0). */
export interface CornerAt {
  readonly polygon: number;
  readonly ring: number;
  readonly corner: number;
}

export const DEFAULT_RADIUS_METRES = 100;
export const DEFAULT_CORRIDOR_METRES = 50;
/** About 1 cm: more digits would say nothing. */
const DIGITS = 7;

const round = (degrees: number): number => Number(degrees.toFixed(DIGITS));
/** Brought back to ±180, and cut at the poles. */
export const cornerOf = (lon: number, lat: number): Corner => [
  round(((((lon + 180) % 360) + 360) % 360) - 180),
  round(Math.max(-90, Math.min(90, lat))),
];

/** A shape's lists of corners, each with where it stands in the shape and whether it is closed. */
export function linesOf(
  shape: FenceShape,
): readonly { polygon: number; ring: number; corners: readonly Corner[]; closed: boolean }[] {
  switch (shape.kind) {
    case 'circle':
      return [];
    case 'corridor':
      return [{ polygon: 0, ring: 0, corners: shape.corners, closed: false }];
    case 'polygon':
      return shape.polygons.flatMap((rings, polygon) =>
        rings.map((corners, ring) => ({ polygon, ring, corners, closed: true })),
      );
  }
}

/** The shape with one list of corners made anew; a ring that is left without corners goes. */
function withLine(
  shape: FenceShape,
  at: { readonly polygon: number; readonly ring: number },
  change: (corners: readonly Corner[]) => readonly Corner[],
): FenceShape {
  switch (shape.kind) {
    case 'circle':
      return shape;
    case 'corridor':
      return { ...shape, corners: change(shape.corners) };
    case 'polygon': {
      const polygons = shape.polygons.map((rings, polygon) =>
        polygon === at.polygon
          ? rings
              .map((corners, ring) => (ring === at.ring ? change(corners) : corners))
              .filter((corners) => corners.length > 0)
          : rings,
      );
      return { ...shape, polygons: polygons.filter((rings) => rings.length > 0) };
    }
  }
}

export function moveCorner(shape: FenceShape, at: CornerAt, to: Corner): FenceShape {
  return withLine(shape, at, (corners) => corners.with(at.corner, to));
}

export function removeCorner(shape: FenceShape, at: CornerAt): FenceShape {
  return withLine(shape, at, (corners) => corners.toSpliced(at.corner, 1));
}

/** Puts a corner behind the one that is named. */
export function insertCorner(shape: FenceShape, after: CornerAt, corner: Corner): FenceShape {
  return withLine(shape, after, (corners) => corners.toSpliced(after.corner + 1, 0, corner));
}

/** Puts a corner at the end of what is being drawn. */
export function appendCorner(shape: FenceShape | null, kind: FenceKind, corner: Corner): FenceShape {
  if (kind === 'circle')
    return {
      kind,
      centre: corner,
      radiusMetres: shape?.kind === 'circle' ? shape.radiusMetres : DEFAULT_RADIUS_METRES,
    };
  if (kind === 'corridor') {
    return shape?.kind === 'corridor'
      ? { ...shape, corners: [...shape.corners, corner] }
      : { kind, corners: [corner], corridorMetres: DEFAULT_CORRIDOR_METRES };
  }
  if (shape?.kind !== 'polygon' || shape.polygons.length === 0) return { kind, polygons: [[[corner]]] };
  const polygon = shape.polygons.length - 1;
  const ring = (shape.polygons[polygon]?.length ?? 1) - 1;
  return withLine(shape, { polygon, ring }, (corners) => [...corners, corner]);
}

/** Moves all of it, by degrees. */
export function moveShape(shape: FenceShape, byLon: number, byLat: number): FenceShape {
  const move = ([lon, lat]: Corner) => cornerOf(lon + byLon, lat + byLat);
  switch (shape.kind) {
    case 'circle':
      return { ...shape, centre: move(shape.centre) };
    case 'corridor':
      return { ...shape, corners: shape.corners.map(move) };
    case 'polygon':
      return {
        ...shape,
        polygons: shape.polygons.map((rings) => rings.map((corners) => corners.map(move))),
      };
  }
}

/** Whether it has what a fence of its kind needs. */
export function isWhole(shape: FenceShape): boolean {
  switch (shape.kind) {
    case 'circle':
      return Number.isFinite(shape.radiusMetres) && shape.radiusMetres > 0;
    case 'corridor':
      return shape.corners.length >= 2;
    case 'polygon':
      return (
        shape.polygons.length > 0 &&
        shape.polygons.every((rings) => rings.every((corners) => corners.length >= 3))
      );
  }
}

/** A shape of one kind made of what another had, as far as that goes. */
export function asKind(shape: FenceShape | null, kind: FenceKind, middle: Corner): FenceShape {
  if (shape?.kind === kind) return shape;
  const [first] = shape === null ? [] : linesOf(shape);
  const centre = shape === null ? middle : middleOf(shape);
  switch (kind) {
    case 'circle':
      return { kind, centre, radiusMetres: DEFAULT_RADIUS_METRES };
    case 'corridor':
      return { kind, corners: first?.corners ?? [], corridorMetres: DEFAULT_CORRIDOR_METRES };
    case 'polygon':
      return { kind, polygons: first === undefined ? [] : [[first.corners]] };
  }
}

/** The box around it, a circle's radius counted in; null where it has no corner. */
export function boundsOfShape(shape: FenceShape): Bounds | null {
  if (shape.kind !== 'circle') return boundsOf([geometryOf(shape)]);
  const latMargin = shape.radiusMetres / METRES_PER_DEGREE;
  const lonMargin = latMargin / Math.max(0.01, Math.cos((shape.centre[1] * Math.PI) / 180));
  const [lon, lat] = shape.centre;
  return [lon - lonMargin, lat - latMargin, lon + lonMargin, lat + latMargin];
}

export function middleOf(shape: FenceShape): Corner {
  if (shape.kind === 'circle') return shape.centre;
  const bounds = boundsOfShape(shape);
  return bounds === null ? [0, 0] : [(bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2];
}

const METRES_PER_DEGREE = 111_195;

/** The GeoJSON geometry and the properties that go with it. */
export function geometryOf(shape: FenceShape): Geometry {
  const closed = (ring: readonly Corner[]): Position[] =>
    [...ring, ...ring.slice(0, 1)].map((corner) => [...corner]);
  switch (shape.kind) {
    case 'circle':
      return { type: 'Point', coordinates: [...shape.centre] };
    case 'corridor':
      return { type: 'LineString', coordinates: shape.corners.map((corner) => [...corner]) };
    case 'polygon': {
      const coordinates = shape.polygons.map((rings) => rings.map(closed));
      const [only] = coordinates;
      return coordinates.length === 1 && only !== undefined
        ? { type: 'Polygon', coordinates: only }
        : { type: 'MultiPolygon', coordinates };
    }
  }
}

export function measuresOf(shape: FenceShape): { radiusMetres?: number; corridorMetres?: number } {
  switch (shape.kind) {
    case 'circle':
      return { radiusMetres: shape.radiusMetres };
    case 'corridor':
      return { corridorMetres: shape.corridorMetres };
    case 'polygon':
      return {};
  }
}

/** The shape of a GeoJSON geometry with its Feature's properties, or null where it is none that a place can have. */
export function shapeOf(
  geometry: Geometry | null,
  properties: { readonly radiusMetres?: unknown; readonly corridorMetres?: unknown } | null,
): FenceShape | null {
  const corner = ([lon = 0, lat = 0]: Position): Corner => [lon, lat];
  const open = (ring: Position[]): readonly Corner[] => {
    const corners = ring.map(corner);
    const [first, last] = [corners[0], corners.at(-1)];
    const repeats = corners.length > 1 && first?.[0] === last?.[0] && first?.[1] === last?.[1];
    return repeats ? corners.slice(0, -1) : corners;
  };
  switch (geometry?.type) {
    case 'Point':
      return {
        kind: 'circle',
        centre: corner(geometry.coordinates),
        radiusMetres: Number(properties?.radiusMetres ?? DEFAULT_RADIUS_METRES),
      };
    case 'LineString':
      return {
        kind: 'corridor',
        corners: geometry.coordinates.map(corner),
        corridorMetres: Number(properties?.corridorMetres ?? DEFAULT_CORRIDOR_METRES),
      };
    case 'Polygon':
      return { kind: 'polygon', polygons: [geometry.coordinates.map(open)] };
    case 'MultiPolygon':
      return { kind: 'polygon', polygons: geometry.coordinates.map((rings) => rings.map(open)) };
    default:
      return null;
  }
}

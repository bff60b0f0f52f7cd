import { circlePolygon } from '../../look/map/circle-polygon.ts';
import { type FenceShape, linesOf } from './fence-shape.ts';

/** Degrees to pixels of the canvas. */
export type Project = (lon: number, lat: number) => { readonly x: number; readonly y: number };

const EARTH_CIRCUMFERENCE_METRES = 40_075_016.7;
/** MapLibre's tiles are 512 pixels wide. */
const TILE_PX = 512;

/** Pixels of a length on the ground at a latitude. */
export function pixelsOf(metres: number, lat: number, zoom: number): number {
  const metresPerPixel =
    (EARTH_CIRCUMFERENCE_METRES * Math.cos((lat * Math.PI) / 180)) / (TILE_PX * 2 ** zoom);
  return metres / metresPerPixel;
}

/** The outline as a path; a circle is `extraMetres` larger. */
export function pathOf(shape: FenceShape, project: Project, extraMetres = 0): Path2D {
  const path = new Path2D();
  const draw = (corners: readonly (readonly number[])[], closed: boolean) => {
    for (const [index, [lon = 0, lat = 0]] of corners.entries()) {
      const { x, y } = project(lon, lat);
      if (index === 0) path.moveTo(x, y);
      else path.lineTo(x, y);
    }
    if (closed) path.closePath();
  };
  if (shape.kind === 'circle') {
    const [lon, lat] = shape.centre;
    draw(circlePolygon(lat, lon, shape.radiusMetres + extraMetres).coordinates[0] ?? [], true);
  } else for (const { corners, closed } of linesOf(shape)) draw(corners, closed);
  return path;
}

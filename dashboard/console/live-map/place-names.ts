import type { MapPalette } from '../../look/map/map-palette.ts';
import type { PlaceShape } from '../../look/map/place-shapes.ts';

/** Further out, the names of a town would lie on top of each other. */
const NAMES_FROM_ZOOM = 11;
/** A place at least this tall from its middle down has its name inside, a smaller one under it. */
const NAME_INSIDE_FROM_PX = 34;
/** Room that a name keeps for itself, so that two never touch. */
const LINE_PX = 16;
const MARGIN_PX = 4;

/** What `drawPlaceNames` needs of the scene. */
export interface NamedPlaces {
  readonly places: readonly PlaceShape[];
  readonly zoom: number;
  readonly palette: MapPalette;
  /** Degrees to pixels of the canvas. */
  project(lon: number, lat: number): { readonly x: number; readonly y: number };
}

/**
 * Writes the names of the places, each with a halo so that it stays legible over streets and devices. Where two would
 * overlap, the earlier place has its name shown; the other's appears when the map is nearer, and under the pointer.
 */
export function drawPlaceNames(
  canvas: CanvasRenderingContext2D,
  { places, zoom, palette, project }: NamedPlaces,
): void {
  if (zoom < NAMES_FROM_ZOOM) return;
  canvas.font = '600 11px system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif';
  canvas.textAlign = 'center';
  canvas.textBaseline = 'middle';
  canvas.lineJoin = 'round';
  canvas.lineWidth = 4;
  canvas.strokeStyle = palette.halo;
  canvas.fillStyle = palette.placeLine;
  const taken: { left: number; right: number; y: number }[] = [];
  for (const { name, anchor, south } of places) {
    const middle = project(anchor[0], anchor[1]);
    const bottom = project(anchor[0], south).y;
    const { x } = middle;
    const y = bottom - middle.y < NAME_INSIDE_FROM_PX ? bottom + 9 : middle.y;
    const half = canvas.measureText(name).width / 2 + MARGIN_PX;
    const box = { left: x - half, right: x + half, y };
    const overlaps = (other: typeof box) =>
      Math.abs(other.y - y) < LINE_PX && other.left < box.right && box.left < other.right;
    if (taken.some(overlaps)) continue;
    taken.push(box);
    canvas.strokeText(name, x, y);
    canvas.fillText(name, x, y);
  }
}

import { circlePolygon } from '../live-map/circle-polygon.ts';
import type { MapPalette } from '../live-map/map-palette.ts';
import { drawPlaceNames } from '../live-map/place-names.ts';
import type { Bounds, PlaceShape } from '../live-map/place-shapes.ts';
import type { ShapeProblem } from './fence-problems.ts';
import { type Corner, type FenceKind, type FenceShape, linesOf } from './fence-shape.ts';

/** A sensitive zone as it is drawn. */
export interface ZoneShape {
  readonly id: string;
  readonly name: string;
  readonly shape: FenceShape;
  readonly marginMetres: number;
  /** The box around the zone, its margin counted in. */
  readonly bounds: Bounds;
}

/** Places that are too near one another to be told apart. */
export interface Cluster {
  readonly lat: number;
  readonly lon: number;
  readonly places: number;
}

export interface FenceScene {
  readonly width: number;
  readonly height: number;
  readonly zoom: number;
  readonly palette: MapPalette;
  /** What the view holds; zones outside of it are passed over. */
  readonly bounds: Bounds;
  readonly places: readonly PlaceShape[];
  readonly clusters: readonly Cluster[];
  readonly zones: readonly ZoneShape[];
  /** A zone that is to stand out, such as the one that a place was refused for. */
  readonly markedZone: string | null;
  readonly draft: FenceShape | null;
  /** While something is drawn: its kind, and where the pointer is. */
  readonly drawing: FenceKind | null;
  readonly pointer: Corner | null;
  readonly problems: readonly ShapeProblem[];
  project(lon: number, lat: number): { readonly x: number; readonly y: number };
}

const EARTH_CIRCUMFERENCE_METRES = 40_075_016.7;
/** MapLibre's tiles are 512 pixels wide. */
const TILE_PX = 512;
const MARGIN_ALPHA = 0.16;
const SMALLEST_ZONE_PX = 3;

export function drawFences(canvas: CanvasRenderingContext2D, scene: FenceScene): void {
  canvas.clearRect(0, 0, scene.width, scene.height);
  drawZones(canvas, scene);
  drawPlaceNames(canvas, scene);
  for (const cluster of scene.clusters) drawCluster(canvas, scene, cluster);
  if (scene.draft !== null) drawDraft(canvas, scene, scene.draft);
  for (const problem of scene.problems) drawProblem(canvas, scene, problem);
}

/** Pixels of a length on the ground at a latitude. */
function pixelsOf(metres: number, lat: number, zoom: number): number {
  const metresPerPixel =
    (EARTH_CIRCUMFERENCE_METRES * Math.cos((lat * Math.PI) / 180)) / (TILE_PX * 2 ** zoom);
  return metres / metresPerPixel;
}

/** The outline as a path; a circle is `extraMetres` larger. */
function pathOf(shape: FenceShape, { project }: FenceScene, extraMetres = 0): Path2D {
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

let margins: CanvasRenderingContext2D | null = null;

/** Another canvas, where what overlaps is painted once before all of it becomes translucent. */
function marginsCanvas(like: HTMLCanvasElement): CanvasRenderingContext2D {
  margins ??= document.createElement('canvas').getContext('2d') as CanvasRenderingContext2D;
  if (margins.canvas.width !== like.width || margins.canvas.height !== like.height) {
    margins.canvas.width = like.width;
    margins.canvas.height = like.height;
  }
  return margins;
}

function drawZones(canvas: CanvasRenderingContext2D, scene: FenceScene): void {
  const { zones, bounds, palette, width, height, zoom } = scene;
  const seen = zones.filter(({ bounds: zone }) => overlap(zone, bounds));
  if (seen.length === 0) return;
  const ground = marginsCanvas(canvas.canvas);
  ground.setTransform(canvas.getTransform());
  ground.clearRect(0, 0, width, height);
  ground.fillStyle = palette.zone;
  ground.strokeStyle = palette.zone;
  ground.lineJoin = 'round';
  ground.lineCap = 'round';
  for (const { shape, marginMetres, bounds: zone } of seen) {
    const path = pathOf(shape, scene, marginMetres);
    const own = shape.kind === 'corridor' ? shape.corridorMetres : 0;
    ground.lineWidth = 2 * pixelsOf(marginMetres + own, (zone[1] + zone[3]) / 2, zoom);
    if (shape.kind !== 'corridor') ground.fill(path, 'evenodd');
    if (shape.kind !== 'circle') ground.stroke(path);
  }
  canvas.globalAlpha = MARGIN_ALPHA;
  canvas.drawImage(ground.canvas, 0, 0, width, height);
  canvas.globalAlpha = 1;
  for (const zone of seen) drawZone(canvas, scene, zone);
}

function overlap(a: Bounds, b: Bounds): boolean {
  return a[0] <= b[2] && a[2] >= b[0] && a[1] <= b[3] && a[3] >= b[1];
}

/** The zone itself: hatched, so that it is known without its colour. */
function drawZone(canvas: CanvasRenderingContext2D, scene: FenceScene, zone: ZoneShape): void {
  const { palette, markedZone, zoom, project } = scene;
  const [west, south, east, north] = zone.bounds;
  const path = pathOf(zone.shape, scene);
  canvas.strokeStyle = palette.zone;
  canvas.fillStyle = palette.zone;
  canvas.lineJoin = 'round';
  if (project(east, south).x - project(west, north).x < SMALLEST_ZONE_PX * 2) {
    const { x, y } = project((west + east) / 2, (south + north) / 2);
    canvas.fillRect(x - SMALLEST_ZONE_PX, y - SMALLEST_ZONE_PX, SMALLEST_ZONE_PX * 2, SMALLEST_ZONE_PX * 2);
    return;
  }
  if (zone.shape.kind === 'corridor') {
    canvas.globalAlpha = 0.35;
    canvas.lineWidth = 2 * pixelsOf(zone.shape.corridorMetres, (south + north) / 2, zoom);
    canvas.stroke(path);
    canvas.globalAlpha = 1;
  } else {
    canvas.fillStyle = hatch(canvas, palette.zone);
    canvas.fill(path, 'evenodd');
    canvas.lineWidth = zone.id === markedZone ? 4 : 1.5;
    canvas.stroke(path);
  }
  if (zoom >= 12 || zone.id === markedZone) {
    const { x, y } = project((west + east) / 2, (south + north) / 2);
    writeText(canvas, palette, zone.name, x, y, palette.zone);
  }
}

const HATCH_PX = 8;
const hatches = new Map<string, CanvasPattern>();

function hatch(canvas: CanvasRenderingContext2D, colour: string): CanvasPattern | string {
  const kept = hatches.get(colour);
  if (kept !== undefined) return kept;
  const tile = document.createElement('canvas');
  tile.width = HATCH_PX;
  tile.height = HATCH_PX;
  const pen = tile.getContext('2d') as CanvasRenderingContext2D;
  pen.strokeStyle = colour;
  pen.lineWidth = 1.6;
  pen.globalAlpha = 0.7;
  for (const shift of [-HATCH_PX, 0, HATCH_PX]) {
    pen.moveTo(shift - 1, HATCH_PX + 1);
    pen.lineTo(shift + HATCH_PX + 1, -1);
  }
  pen.stroke();
  const made = canvas.createPattern(tile, 'repeat');
  if (made === null) return colour;
  hatches.set(colour, made);
  return made;
}

function writeText(
  canvas: CanvasRenderingContext2D,
  palette: MapPalette,
  text: string,
  x: number,
  y: number,
  colour: string,
): void {
  canvas.font = '600 11px system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif';
  canvas.textAlign = 'center';
  canvas.textBaseline = 'middle';
  canvas.lineJoin = 'round';
  canvas.lineWidth = 4;
  canvas.strokeStyle = palette.halo;
  canvas.strokeText(text, x, y);
  canvas.fillStyle = colour;
  canvas.fillText(text, x, y);
}

const COUNT = new Intl.NumberFormat(undefined, { notation: 'compact' });

function drawCluster(
  canvas: CanvasRenderingContext2D,
  { palette, project }: FenceScene,
  { lat, lon, places }: Cluster,
): void {
  const { x, y } = project(lon, lat);
  const radius = clusterRadius(places);
  canvas.beginPath();
  canvas.arc(x, y, radius, 0, 2 * Math.PI);
  canvas.globalAlpha = 0.25;
  canvas.fillStyle = palette.placeFill;
  canvas.fill();
  canvas.globalAlpha = 1;
  canvas.lineWidth = 1.4;
  canvas.strokeStyle = palette.placeLine;
  canvas.stroke();
  writeText(canvas, palette, COUNT.format(places), x, y, palette.placeLine);
}

/** Pixels; by the logarithm, so that a town and a country can stand side by side. */
export function clusterRadius(places: number): number {
  return 9 + 4 * Math.log10(places);
}

function drawDraft(canvas: CanvasRenderingContext2D, scene: FenceScene, draft: FenceShape): void {
  const { palette, zoom, drawing, pointer, project } = scene;
  const path = pathOf(draft, scene);
  canvas.strokeStyle = palette.offer;
  canvas.fillStyle = palette.offer;
  canvas.lineJoin = 'round';
  canvas.lineCap = 'round';
  canvas.globalAlpha = 0.22;
  if (draft.kind === 'corridor') {
    const lat = draft.corners[0]?.[1] ?? 0;
    canvas.lineWidth = Math.max(2, 2 * pixelsOf(draft.corridorMetres, lat, zoom));
    canvas.stroke(path);
  } else canvas.fill(path, 'evenodd');
  canvas.globalAlpha = 1;
  canvas.lineWidth = 2.4;
  canvas.stroke(path);
  if (drawing === null) return;
  const corners = linesOf(draft).at(-1)?.corners ?? [];
  for (const [lon, lat] of corners) {
    const { x, y } = project(lon, lat);
    canvas.beginPath();
    canvas.arc(x, y, 4.5, 0, 2 * Math.PI);
    canvas.fillStyle = palette.surface;
    canvas.fill();
    canvas.stroke();
  }
  const last = corners.at(-1);
  if (last === undefined || pointer === null) return;
  const [from, to] = [project(...last), project(...pointer)];
  canvas.setLineDash([6, 6]);
  canvas.beginPath();
  canvas.moveTo(from.x, from.y);
  canvas.lineTo(to.x, to.y);
  canvas.stroke();
  canvas.setLineDash([]);
}

const PROBLEM_PX = 10;

function drawProblem(
  canvas: CanvasRenderingContext2D,
  { palette, project }: FenceScene,
  { at }: ShapeProblem,
): void {
  const { x, y } = project(...at);
  canvas.beginPath();
  canvas.arc(x, y, PROBLEM_PX, 0, 2 * Math.PI);
  canvas.fillStyle = palette.zone;
  canvas.fill();
  canvas.lineWidth = 2;
  canvas.strokeStyle = palette.surface;
  canvas.stroke();
  canvas.font = '700 14px system-ui, sans-serif';
  canvas.textAlign = 'center';
  canvas.textBaseline = 'middle';
  canvas.fillStyle = palette.surface;
  canvas.fillText('!', x, y + 0.5);
}

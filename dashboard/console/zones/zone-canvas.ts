import type { MapPalette } from '../../look/map/map-palette.ts';
import type { Bounds } from '../../look/map/place-shapes.ts';
import { writeText } from '../live-map/clusters-canvas.ts';
import { type Project, pathOf, pixelsOf } from '../places/fence-pens.ts';
import type { FenceShape } from '../places/fence-shape.ts';

/** A sensitive zone as it is drawn. */
export interface ZoneShape {
  readonly id: string;
  readonly name: string;
  readonly shape: FenceShape;
  readonly marginMetres: number;
  /** The box around the zone, its margin counted in. */
  readonly bounds: Bounds;
}

/** What `drawZones` needs of the scene. */
export interface ZoneScene {
  readonly width: number;
  readonly height: number;
  readonly zoom: number;
  readonly palette: MapPalette;
  /** What the view holds; zones outside of it are passed over. */
  readonly bounds: Bounds;
  readonly zones: readonly ZoneShape[];
  /** A zone that is to stand out, such as the one that a place was refused for. */
  readonly markedZone: string | null;
  readonly project: Project;
}

const MARGIN_ALPHA = 0.16;
const SMALLEST_ZONE_PX = 3;

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

/** Zones with their margins, under everything else. */
export function drawZones(canvas: CanvasRenderingContext2D, scene: ZoneScene): void {
  const { zones, bounds, palette, width, height, zoom } = scene;
  const seen = zones.filter(({ bounds: zone }) => overlap(zone, bounds));
  // A canvas of no size can't be drawn from; the map has none where the window has no room for it.
  const hasNoRoom = canvas.canvas.width === 0 || canvas.canvas.height === 0;
  if (seen.length === 0 || hasNoRoom) return;
  const ground = marginsCanvas(canvas.canvas);
  ground.setTransform(canvas.getTransform());
  ground.clearRect(0, 0, width, height);
  ground.fillStyle = palette.zone;
  ground.strokeStyle = palette.zone;
  ground.lineJoin = 'round';
  ground.lineCap = 'round';
  for (const { shape, marginMetres, bounds: zone } of seen) {
    const path = pathOf(shape, scene.project, marginMetres);
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
function drawZone(canvas: CanvasRenderingContext2D, scene: ZoneScene, zone: ZoneShape): void {
  const { palette, markedZone, zoom, project } = scene;
  const [west, south, east, north] = zone.bounds;
  const path = pathOf(zone.shape, project);
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

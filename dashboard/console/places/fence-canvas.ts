import type { PlaceShape } from '../../look/map/place-shapes.ts';
import { drawClusters } from '../live-map/clusters-canvas.ts';
import type { Cluster } from '../live-map/gather-clusters.ts';
import { drawPlaceNames } from '../live-map/place-names.ts';
import { drawZones, type ZoneScene } from '../zones/zone-canvas.ts';
import { pathOf, pixelsOf } from './fence-pens.ts';
import type { ShapeProblem } from './fence-problems.ts';
import { type Corner, type FenceKind, type FenceShape, linesOf } from './fence-shape.ts';

export interface FenceScene extends ZoneScene {
  readonly places: readonly PlaceShape[];
  readonly clusters: readonly Cluster[];
  readonly draft: FenceShape | null;
  /** While something is drawn: its kind, and where the pointer is. */
  readonly drawing: FenceKind | null;
  readonly pointer: Corner | null;
  readonly problems: readonly ShapeProblem[];
}

export function drawFences(canvas: CanvasRenderingContext2D, scene: FenceScene): void {
  canvas.clearRect(0, 0, scene.width, scene.height);
  drawZones(canvas, scene);
  drawPlaceNames(canvas, scene);
  drawClusters(canvas, scene);
  if (scene.draft !== null) drawDraft(canvas, scene, scene.draft);
  for (const problem of scene.problems) drawProblem(canvas, scene, problem);
}

function drawDraft(canvas: CanvasRenderingContext2D, scene: FenceScene, draft: FenceShape): void {
  const { palette, zoom, drawing, pointer, project } = scene;
  const path = pathOf(draft, project);
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
  // A ring round it, which the handle that may lie over it does not hide.
  canvas.beginPath();
  canvas.arc(x, y, PROBLEM_PX * 2, 0, 2 * Math.PI);
  canvas.lineWidth = 3;
  canvas.strokeStyle = palette.zone;
  canvas.stroke();
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

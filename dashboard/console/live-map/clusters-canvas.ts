import type { MapPalette } from '../../look/map/map-palette.ts';
import type { Cluster } from './gather-clusters.ts';

/** What `drawClusters` needs of the scene. */
export interface ClusterScene {
  readonly clusters: readonly Cluster[];
  readonly palette: MapPalette;
  /** Degrees to pixels of the canvas. */
  project(lon: number, lat: number): { readonly x: number; readonly y: number };
}

/** Circles with how many places lie there. */
export function drawClusters(canvas: CanvasRenderingContext2D, scene: ClusterScene): void {
  for (const cluster of scene.clusters) drawCluster(canvas, scene, cluster);
}

const COUNT = new Intl.NumberFormat(undefined, { notation: 'compact' });

function drawCluster(
  canvas: CanvasRenderingContext2D,
  { palette, project }: ClusterScene,
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

/** A name on the map, with a halo so that it is legible over anything. */
export function writeText(
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

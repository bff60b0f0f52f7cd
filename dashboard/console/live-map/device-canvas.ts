import { deviceLook } from '../../look/device-look.ts';
import { type ClusterScene, drawClusters } from './clusters-canvas.ts';
import type { DrawnDevice } from './moving-devices.ts';
import { drawPlaceNames, type NamedPlaces } from './place-names.ts';

/** Icons grow with the map, between these radii. */
const SMALLEST_ICON_PX = 6.5;
const LARGEST_ICON_PX = 13;
/** In a smaller icon the outline would be a blot. */
const OUTLINE_FROM_PX = 8.5;
const DOT_RADIUS_PX = 4;
/** Above this many on screen, or this far out, a device is a dot. */
const MAX_ICONS = 600;
const ICONS_FROM_ZOOM = 11;
export const PULSE_MS = 2_400;
/** A device unheard of for this long is drawn faintly. */
const STALE_AFTER_MS = 120_000;

/** An offer that happened just now; its ring goes with the device. */
export interface Pulse {
  readonly device: string;
  readonly startedAt: number;
}

export interface Scene extends NamedPlaces, ClusterScene {
  readonly devices: readonly DrawnDevice[];
  readonly pulses: readonly Pulse[];
  readonly selected: string | null;
  readonly now: number;
  readonly scheme: 'light' | 'dark';
  readonly smooth: boolean;
}

/** A device's place on the canvas, to find what the pointer is at. */
export interface Hit {
  readonly device: string;
  readonly x: number;
  readonly y: number;
}

/**
 * Draws what moves onto a canvas over the map: a canvas, because moving map features means rebuilding their tiles for
 * every step, and because map labels need a glyph server, which a machine without internet has not.
 */
export function drawScene(
  canvas: CanvasRenderingContext2D,
  width: number,
  height: number,
  scene: Scene,
): readonly Hit[] {
  canvas.clearRect(0, 0, width, height);
  const onScreen = scene.devices
    .map((drawn) => ({ drawn, ...scene.project(drawn.lon, drawn.lat) }))
    .filter(({ x, y }) => x > -20 && y > -20 && x < width + 20 && y < height + 20);
  for (const pulse of scene.pulses) {
    const at = onScreen.find(({ drawn }) => drawn.device.device === pulse.device);
    if (at !== undefined) drawPulse(canvas, scene, (scene.now - pulse.startedAt) / PULSE_MS, at.x, at.y);
  }
  const asIcons = scene.zoom >= ICONS_FROM_ZOOM && onScreen.length <= MAX_ICONS;
  for (const { drawn, x, y } of onScreen) {
    canvas.globalAlpha = scene.now - drawn.device.heardAt > STALE_AFTER_MS ? 0.45 : 1;
    if (asIcons) drawIcon(canvas, scene, drawn, x, y);
    else drawDot(canvas, scene, drawn, x, y);
  }
  canvas.globalAlpha = 1;
  drawPlaceNames(canvas, scene);
  drawClusters(canvas, scene);
  return onScreen.map(({ drawn, x, y }) => ({ device: drawn.device.device, x, y }));
}

/** Zoom 12.5 shows a small city, zoom 16 a street. */
function iconRadius(zoom: number): number {
  return Math.min(LARGEST_ICON_PX, Math.max(SMALLEST_ICON_PX, 8 + (zoom - 12.5) * 2));
}

/** `age` runs from 0 to 1. */
function drawPulse(canvas: CanvasRenderingContext2D, scene: Scene, age: number, x: number, y: number): void {
  canvas.strokeStyle = scene.palette.offer;
  canvas.fillStyle = scene.palette.offer;
  // Two rings, one behind the other; still rings where the reader asked for reduced motion.
  for (const delay of scene.smooth ? [0, 0.22] : [0]) {
    const share = scene.smooth ? (age - delay) / (1 - delay) : 0.4;
    if (share < 0) continue;
    const radius = iconRadius(scene.zoom) + 40 * (1 - (1 - share) ** 3);
    canvas.globalAlpha = scene.smooth ? 1 - share : 0.8;
    canvas.lineWidth = 3;
    canvas.beginPath();
    canvas.arc(x, y, radius, 0, 2 * Math.PI);
    canvas.stroke();
    canvas.globalAlpha *= 0.16;
    canvas.fill();
  }
  canvas.globalAlpha = 1;
}

function drawDot(
  canvas: CanvasRenderingContext2D,
  scene: Scene,
  drawn: DrawnDevice,
  x: number,
  y: number,
): void {
  canvas.beginPath();
  canvas.arc(x, y, DOT_RADIUS_PX, 0, 2 * Math.PI);
  canvas.fillStyle = deviceLook(drawn.device.type)[scene.scheme];
  canvas.fill();
  canvas.lineWidth = 1.2;
  canvas.strokeStyle = scene.palette.surface;
  canvas.stroke();
}

const outlines = new Map<string, Path2D>();

function outlineOf(path: string): Path2D {
  const kept = outlines.get(path) ?? new Path2D(path);
  outlines.set(path, kept);
  return kept;
}

function drawIcon(
  canvas: CanvasRenderingContext2D,
  scene: Scene,
  drawn: DrawnDevice,
  x: number,
  y: number,
): void {
  const look = deviceLook(drawn.device.type);
  const colour = look[scene.scheme];
  const selected = drawn.device.device === scene.selected;
  const radius = iconRadius(scene.zoom);
  const filled = selected || radius < OUTLINE_FROM_PX;
  canvas.save();
  canvas.translate(x, y);
  if (drawn.heading !== null) {
    canvas.save();
    canvas.rotate((drawn.heading * Math.PI) / 180);
    canvas.beginPath();
    canvas.moveTo(0, -radius * 1.55);
    canvas.lineTo(radius * 0.45, -radius * 0.95);
    canvas.lineTo(-radius * 0.45, -radius * 0.95);
    canvas.closePath();
    canvas.fillStyle = colour;
    canvas.fill();
    canvas.restore();
  }
  canvas.beginPath();
  canvas.arc(0, 0, radius, 0, 2 * Math.PI);
  canvas.fillStyle = filled ? colour : scene.palette.surface;
  canvas.fill();
  canvas.lineWidth = filled ? 1.5 : 2;
  canvas.strokeStyle = filled ? scene.palette.surface : colour;
  canvas.stroke();
  if (radius < OUTLINE_FROM_PX) {
    canvas.restore();
    return;
  }
  const scale = radius / 17.5;
  canvas.scale(scale, scale);
  canvas.translate(-12, -12);
  canvas.lineWidth = 2;
  canvas.lineCap = 'round';
  canvas.lineJoin = 'round';
  canvas.strokeStyle = selected ? scene.palette.surface : colour;
  canvas.stroke(outlineOf(look.outline));
  canvas.restore();
}

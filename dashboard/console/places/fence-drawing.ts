import type { Map as MapLibreMap, MapMouseEvent, MapTouchEvent } from 'maplibre-gl';
import { metresApart } from './distance.ts';
import {
  appendCorner,
  type Corner,
  cornerOf,
  DEFAULT_RADIUS_METRES,
  type FenceKind,
  type FenceShape,
  isWhole,
  linesOf,
  removeCorner,
} from './fence-shape.ts';

/** A circle is not drawn smaller than a place may be: a mere click makes one of the usual size. */
const SMALLEST_RADIUS_METRES = 10;
/** A click this near to the first corner closes the ring. */
const CLOSE_PX = 12;
/** A double click is two clicks, the second of which adds nothing. */
const SAME_PX = 5;

export interface DrawingOptions {
  readonly map: MapLibreMap;
  readonly kind: FenceKind;
  readonly shape: () => FenceShape | null;
  readonly onShape: (shape: FenceShape | null, kept: boolean) => void;
  readonly onPointer: (at: Corner | null) => void;
  readonly onDone: () => void;
}

/** Takes pointer and keys of the map until the shape is done; gives what stops it. */
export function startDrawing(options: DrawingOptions): () => void {
  const { map } = options;
  map.doubleClickZoom.disable();
  map.getCanvas().style.cursor = 'crosshair';
  const stop = options.kind === 'circle' ? drawCircle(options) : drawCorners(options);
  const keys = (event: KeyboardEvent) => pressed(options, event);
  map.getCanvas().addEventListener('keydown', keys, { capture: true });
  return () => {
    stop();
    map.getCanvas().removeEventListener('keydown', keys, { capture: true });
    map.getCanvas().style.cursor = '';
    options.onPointer(null);
    // At once it would still take the double click that ended the drawing.
    setTimeout(() => map.doubleClickZoom.enable());
  };
}

/** Space puts a corner in the middle of the map, Backspace takes the last one back, Enter ends. Arrows move the map, as ever. */
function pressed({ map, kind, shape, onShape, onDone }: DrawingOptions, event: KeyboardEvent): void {
  const current = shape();
  if (event.key === ' ') {
    const { lng, lat } = map.getCenter();
    onShape(appendCorner(current, kind, cornerOf(lng, lat)), true);
    if (kind === 'circle') onDone();
  } else if (event.key === 'Backspace' && current !== null) onShape(withoutLast(current), true);
  else if (event.key === 'Enter' && current !== null && isWhole(current)) onDone();
  else return;
  event.preventDefault();
  event.stopPropagation();
}

function withoutLast(shape: FenceShape): FenceShape | null {
  const line = linesOf(shape).at(-1);
  if (line === undefined) return null;
  return removeCorner(shape, { ...line, corner: line.corners.length - 1 });
}

function drawCircle({ map, onShape, onDone, shape }: DrawingOptions): () => void {
  let centre: Corner | null = null;
  const start = (event: MapMouseEvent | MapTouchEvent) => {
    if ('points' in event && event.points.length > 1) return;
    // So that the map does not move along.
    event.preventDefault();
    centre = cornerOf(event.lngLat.lng, event.lngLat.lat);
    const before = shape();
    const radiusMetres = before?.kind === 'circle' ? before.radiusMetres : DEFAULT_RADIUS_METRES;
    onShape({ kind: 'circle', centre, radiusMetres }, true);
  };
  const move = ({ lngLat }: MapMouseEvent | MapTouchEvent) => {
    if (centre === null) return;
    const metres = metresApart(centre, [lngLat.lng, lngLat.lat]);
    if (metres >= SMALLEST_RADIUS_METRES)
      onShape({ kind: 'circle', centre, radiusMetres: Math.round(metres) }, false);
  };
  const end = () => {
    if (centre === null) return;
    centre = null;
    onDone();
  };
  for (const kind of ['mousedown', 'touchstart'] as const) map.on(kind, start);
  for (const kind of ['mousemove', 'touchmove'] as const) map.on(kind, move);
  for (const kind of ['mouseup', 'touchend'] as const) map.on(kind, end);
  return () => {
    for (const kind of ['mousedown', 'touchstart'] as const) map.off(kind, start);
    for (const kind of ['mousemove', 'touchmove'] as const) map.off(kind, move);
    for (const kind of ['mouseup', 'touchend'] as const) map.off(kind, end);
  };
}

function drawCorners({ map, kind, shape, onShape, onPointer, onDone }: DrawingOptions): () => void {
  const isNear = (corner: Corner | undefined, { point }: MapMouseEvent, pixels: number) => {
    if (corner === undefined) return false;
    const { x, y } = map.project([corner[0], corner[1]]);
    return Math.hypot(x - point.x, y - point.y) <= pixels;
  };
  const click = (event: MapMouseEvent) => {
    const current = shape();
    const corners = (current === null ? undefined : linesOf(current).at(-1))?.corners ?? [];
    if (kind === 'polygon' && corners.length >= 3 && isNear(corners[0], event, CLOSE_PX)) onDone();
    else if (!isNear(corners.at(-1), event, SAME_PX))
      onShape(appendCorner(current, kind, cornerOf(event.lngLat.lng, event.lngLat.lat)), true);
  };
  const doubleClick = (event: MapMouseEvent) => {
    event.preventDefault();
    const current = shape();
    if (current !== null && isWhole(current)) onDone();
  };
  const move = ({ lngLat }: MapMouseEvent) => onPointer([lngLat.lng, lngLat.lat]);
  const leave = () => onPointer(null);
  map.on('click', click);
  map.on('dblclick', doubleClick);
  map.on('mousemove', move);
  map.on('mouseout', leave);
  return () => {
    map.off('click', click);
    map.off('dblclick', doubleClick);
    map.off('mousemove', move);
    map.off('mouseout', leave);
  };
}

import type { Map as MapLibreMap } from 'maplibre-gl';
import { metresApart } from './distance.ts';
import {
  boundsOfShape,
  type Corner,
  type CornerAt,
  cornerOf,
  type FenceShape,
  insertCorner,
  linesOf,
  middleOf,
  moveCorner,
  moveShape,
  removeCorner,
} from './fence-shape.ts';

/** More buttons than this would be slow to move, and too close to hit: the reader has to zoom in. */
const MOST_HANDLES = 240;
const STEP_PX = 4;
const LONG_STEP_PX = 24;
const SMALLEST_RADIUS_METRES = 10;

type Part =
  | { readonly kind: 'corner'; readonly at: CornerAt; readonly of: number; readonly least: number }
  | { readonly kind: 'between'; readonly at: CornerAt }
  | { readonly kind: 'whole' }
  | { readonly kind: 'radius' };

interface Wanted {
  readonly key: string;
  readonly part: Part;
  readonly position: Corner;
  readonly label: string;
}

interface Handle {
  readonly element: HTMLButtonElement;
  wanted: Wanted;
}

export interface CornerHandles {
  /** Shows the handles of this shape, or none. */
  show(shape: FenceShape | null): void;
  /** Puts them where the map has them now. */
  place(): void;
}

/**
 * Buttons on the corners of a shape: dragged, or moved with the arrow keys. Real buttons, so that keyboards and screen readers
 * reach them. `onShape` is told with `kept` at the first step of a drag, so that all of it can be undone as one.
 */
export function createCornerHandles(
  map: MapLibreMap,
  container: HTMLElement,
  onShape: (shape: FenceShape, kept: boolean) => void,
): CornerHandles {
  const box = document.createElement('div');
  box.className = 'fence-handles';
  container.append(box);
  const handles = new Map<string, Handle>();
  let shape: FenceShape | null = null;
  let drag: { part: Part; from: Corner; began: boolean } | null = null;

  const lngLatOf = (event: PointerEvent): Corner => {
    const { left, top } = container.getBoundingClientRect();
    const { lng, lat } = map.unproject([event.clientX - left, event.clientY - top]);
    return [lng, lat];
  };

  function make(wanted: Wanted): Handle {
    const element = document.createElement('button');
    element.type = 'button';
    const handle: Handle = { element, wanted };
    element.addEventListener('pointerdown', (event) => {
      if (event.button !== 0 || shape === null) return;
      event.stopPropagation();
      element.setPointerCapture(event.pointerId);
      const { part } = handle.wanted;
      const from = lngLatOf(event);
      if (part.kind === 'between') {
        onShape(insertCorner(shape, part.at, cornerOf(...handle.wanted.position)), true);
        const at = { ...part.at, corner: part.at.corner + 1 };
        drag = { part: { kind: 'corner', at, of: 0, least: 0 }, from, began: true };
      } else drag = { part, from, began: false };
    });
    element.addEventListener('pointermove', (event) => {
      if (drag === null || shape === null || !element.hasPointerCapture(event.pointerId)) return;
      const to = lngLatOf(event);
      const kept = !drag.began;
      drag.began = true;
      onShape(dragged(shape, drag.part, drag.from, to), kept);
      drag.from = to;
    });
    for (const kind of ['pointerup', 'pointercancel'] as const)
      element.addEventListener(kind, () => {
        drag = null;
      });
    element.addEventListener('keydown', (event) => {
      const next = shape === null ? null : keyed(map, shape, handle.wanted, event);
      if (next === null) return;
      event.preventDefault();
      event.stopPropagation();
      onShape(next, true);
    });
    box.append(element);
    return handle;
  }

  function show(next: FenceShape | null): void {
    shape = next;
    const wanted = next === null ? [] : handlesOf(map, next);
    const keys = new Set(wanted.map(({ key }) => key));
    for (const [key, { element }] of handles) {
      if (keys.has(key)) continue;
      handles.delete(key);
      element.remove();
    }
    for (const one of wanted) {
      const handle = handles.get(one.key) ?? make(one);
      handles.set(one.key, handle);
      handle.wanted = one;
      handle.element.className = `fence-handle fence-handle-${one.part.kind}`;
      handle.element.setAttribute('aria-label', one.label);
      // Only for the pointer: the key Insert on a corner does the same.
      handle.element.tabIndex = one.part.kind === 'between' ? -1 : 0;
    }
    place();
  }

  function place(): void {
    for (const { element, wanted } of handles.values()) {
      const { x, y } = map.project([wanted.position[0], wanted.position[1]]);
      element.style.transform = `translate(${x}px, ${y}px) translate(-50%, -50%)`;
    }
  }

  map.on('moveend', () => show(shape));
  return { show, place };
}

function dragged(shape: FenceShape, part: Part, from: Corner, to: Corner): FenceShape {
  switch (part.kind) {
    case 'corner':
      return moveCorner(shape, part.at, cornerOf(...to));
    case 'radius':
      return withRadius(shape, shape.kind === 'circle' ? metresApart(shape.centre, to) : 0);
    case 'whole':
      return moveShape(shape, to[0] - from[0], to[1] - from[1]);
    case 'between':
      return shape;
  }
}

function withRadius(shape: FenceShape, metres: number): FenceShape {
  return shape.kind === 'circle'
    ? { ...shape, radiusMetres: Math.max(SMALLEST_RADIUS_METRES, Math.round(metres)) }
    : shape;
}

const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** What a key does to the handle's part of the shape; null where it does nothing. */
function keyed(
  map: MapLibreMap,
  shape: FenceShape,
  { part, position }: Wanted,
  event: KeyboardEvent,
): FenceShape | null {
  if (part.kind === 'corner' && (event.key === 'Delete' || event.key === 'Backspace'))
    return part.of > part.least ? removeCorner(shape, part.at) : null;
  if (part.kind === 'corner' && event.key === 'Insert') {
    const line = linesOf(shape).find(
      ({ polygon, ring }) => polygon === part.at.polygon && ring === part.at.ring,
    );
    const next = line?.corners[(part.at.corner + 1) % line.corners.length] ?? position;
    return insertCorner(shape, part.at, cornerOf((position[0] + next[0]) / 2, (position[1] + next[1]) / 2));
  }
  const arrow = ARROWS[event.key];
  if (arrow === undefined) return null;
  const pixels = event.shiftKey ? LONG_STEP_PX : STEP_PX;
  const { x, y } = map.project([position[0], position[1]]);
  const { lng, lat } = map.unproject([x + arrow[0] * pixels, y + arrow[1] * pixels]);
  return dragged(shape, part, position, [lng, lat]);
}

/** All handles of a shape; where its corners in view are too many, only the one that moves all. */
function handlesOf(map: MapLibreMap, shape: FenceShape): readonly Wanted[] {
  const whole: Wanted = {
    key: 'whole',
    part: { kind: 'whole' },
    position: middleOf(shape),
    label: 'Move the whole shape. The arrow keys move it too, with Shift further.',
  };
  if (shape.kind === 'circle') {
    const [, lat] = shape.centre;
    const east = boundsOfShape(shape)?.[2] ?? shape.centre[0];
    const label = `Radius, ${shape.radiusMetres} metres. The left and right arrow keys change it.`;
    return [whole, { key: 'radius', part: { kind: 'radius' }, position: [east, lat], label }];
  }
  const view = map.getBounds();
  const corners: Wanted[] = [];
  const betweens: Wanted[] = [];
  for (const { polygon, ring, corners: line, closed } of linesOf(shape)) {
    for (const [corner, position] of line.entries()) {
      if (!view.contains([position[0], position[1]])) continue;
      const at: CornerAt = { polygon, ring, corner };
      const key = `${polygon}.${ring}.${corner}`;
      corners.push({
        key,
        part: { kind: 'corner', at, of: line.length, least: closed ? 3 : 2 },
        position,
        label: `Corner ${corner + 1} of ${line.length}. The arrow keys move it, Delete removes it, Insert adds one behind it.`,
      });
      const next = line[corner + 1] ?? (closed ? line[0] : undefined);
      if (next === undefined || line.length < 2) continue;
      betweens.push({
        key: `${key}+`,
        part: { kind: 'between', at },
        position: [(position[0] + next[0]) / 2, (position[1] + next[1]) / 2],
        label: `Add a corner behind corner ${corner + 1}`,
      });
    }
  }
  if (corners.length > MOST_HANDLES) return [whole];
  return corners.length > MOST_HANDLES / 2 ? [whole, ...corners] : [whole, ...betweens, ...corners];
}

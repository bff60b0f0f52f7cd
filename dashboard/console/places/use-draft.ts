import { useCallback, useMemo, useState } from 'react';
import type { ApiFieldProblem } from '../../api/request.ts';
import type { FenceMapView } from './fence-map-view.ts';
import { crossingsOf, placedProblems, type ShapeProblem } from './fence-problems.ts';
import type { Corner, FenceKind, FenceShape } from './fence-shape.ts';

/** Steps that can be taken back. */
const MOST_STEPS = 50;

/** The shape that map and form work on together. */
export interface Draft {
  readonly shape: FenceShape | null;
  /** The shape as it was opened, at which the map looks; null for a new one. */
  readonly opened: FenceShape | null;
  /** What is being drawn with the pointer, or null. */
  readonly drawing: FenceKind | null;
  /** The id of the place that is being edited. */
  readonly edited: string | null;
  readonly markedZone: string | null;
  /** The margin of a zone that is being edited; null for a place. */
  readonly marginMetres: number | null;
  /** What is wrong with the shape, each where it is wrong. */
  readonly problems: readonly ShapeProblem[];
  readonly canUndo: boolean;
  /** It is not as it was opened or saved last. */
  readonly changed: boolean;
  /** `kept`: the shape before can be gone back to. */
  setShape(shape: FenceShape | null, kept: boolean): void;
  setDrawing(kind: FenceKind | null): void;
  /** Begins with a place or zone that is there, or with nothing. */
  open(id: string | null, shape: FenceShape | null): void;
  close(): void;
  /** What is drawn now is kept. */
  saved(): void;
  undo(): void;
  /** What the gateway said of it, and the zone that it named. */
  refuse(problems: readonly ApiFieldProblem[], zone: string | null): void;
  setMargin(metres: number | null): void;
  setMap(map: FenceMapView | null): void;
  /** The middle of the map, and 0,0 where there is none. */
  middle(): Corner;
  focusMap(): void;
}

interface State {
  readonly shape: FenceShape | null;
  readonly opened: FenceShape | null;
  readonly kept: FenceShape | null;
  readonly drawing: FenceKind | null;
  readonly edited: string | null;
  readonly steps: readonly (FenceShape | null)[];
  readonly refused: readonly ApiFieldProblem[];
  readonly markedZone: string | null;
  readonly marginMetres: number | null;
}

const EMPTY: State = {
  shape: null,
  opened: null,
  kept: null,
  drawing: null,
  edited: null,
  steps: [],
  refused: [],
  markedZone: null,
  marginMetres: null,
};

export function useDraft(): Draft {
  const [state, setState] = useState(EMPTY);
  const [map, setMap] = useState<FenceMapView | null>(null);
  const { shape, refused } = state;
  const problems = useMemo(
    () => (shape === null ? [] : [...crossingsOf(shape), ...placedProblems(shape, refused)]),
    [shape, refused],
  );
  const setShape = useCallback(
    (next: FenceShape | null, kept: boolean) =>
      setState((now) => ({
        ...now,
        shape: next,
        refused: [],
        markedZone: null,
        steps: kept ? [...now.steps.slice(1 - MOST_STEPS), now.shape] : now.steps,
      })),
    [],
  );
  const setDrawing = useCallback((drawing: FenceKind | null) => setState((now) => ({ ...now, drawing })), []);
  const open = useCallback(
    (edited: string | null, opened: FenceShape | null) =>
      setState(({ marginMetres }) => ({
        ...EMPTY,
        marginMetres,
        edited,
        opened,
        kept: opened,
        shape: opened,
      })),
    [],
  );
  const close = useCallback(() => setState(EMPTY), []);
  const saved = useCallback(() => setState((now) => ({ ...now, kept: now.shape })), []);
  const undo = useCallback(
    () =>
      setState((now) => {
        const before = now.steps.at(-1);
        return before === undefined
          ? now
          : { ...now, shape: before, steps: now.steps.slice(0, -1), refused: [] };
      }),
    [],
  );
  const refuse = useCallback(
    (problems: readonly ApiFieldProblem[], markedZone: string | null) =>
      setState((now) => ({ ...now, refused: problems, markedZone })),
    [],
  );
  const setMargin = useCallback(
    (marginMetres: number | null) => setState((now) => ({ ...now, marginMetres })),
    [],
  );
  const { opened, kept, drawing, edited, markedZone, marginMetres, steps } = state;
  return {
    shape,
    opened,
    drawing,
    edited,
    markedZone,
    marginMetres,
    problems,
    canUndo: steps.length > 0,
    changed: shape !== kept,
    saved,
    setShape,
    setDrawing,
    open,
    close,
    undo,
    refuse,
    setMargin,
    setMap,
    middle: () => map?.middle() ?? [0, 0],
    focusMap: () => map?.focus(),
  };
}

import { Button, Textarea } from '@mantine/core';
import { useState } from 'react';
import { Fold } from '../Fold.tsx';
import {
  asKind,
  type FenceKind,
  type FenceShape,
  geometryOf,
  isWhole,
  linesOf,
  measuresOf,
} from './fence-shape.ts';
import { cornersText, readCorners, readGeoJson } from './fence-text.ts';
import { NumberField } from './NumberField.tsx';
import type { Draft } from './use-draft.ts';

const KINDS: readonly { kind: FenceKind; label: string }[] = [
  { kind: 'circle', label: 'Circle' },
  { kind: 'polygon', label: 'Polygon' },
  { kind: 'corridor', label: 'Corridor' },
];

const HINTS: Readonly<Record<FenceKind, string>> = {
  circle:
    'Press on the middle and drag to the edge; a click makes a circle of the usual size. On the keyboard: arrows move the map, Space puts the middle of the circle into the middle of the map.',
  polygon:
    'Click each corner; click the first one again, or double-click, to end. On the keyboard: arrows move the map, Space puts a corner into its middle, Backspace takes the last one back, Enter ends.',
  corridor:
    'Click along the way; double-click to end. On the keyboard: arrows move the map, Space puts a corner into its middle, Backspace takes the last one back, Enter ends.',
};

interface Props {
  readonly draft: Draft;
  readonly hasMap: boolean;
  readonly minRadius: number;
}

/** The shape in fields, beside the map: everything that can be drawn can be typed. */
export function ShapeFields({ draft, hasMap, minRadius }: Props) {
  const { shape, drawing } = draft;
  return (
    <fieldset className="fence-shape">
      <legend>Shape</legend>
      {/* biome-ignore lint/a11y/useSemanticElements: a second fieldset would be read twice */}
      <div className="fence-kinds" role="group" aria-label="Draw">
        {KINDS.map(({ kind, label }) => (
          <Button
            key={kind}
            size="xs"
            variant={shape?.kind === kind ? 'filled' : 'default'}
            aria-pressed={shape?.kind === kind}
            onClick={() => begin(draft, kind, hasMap)}
          >
            {label}
          </Button>
        ))}
        <Button size="xs" variant="subtle" disabled={!draft.canUndo} onClick={draft.undo}>
          Undo
        </Button>
      </div>
      {drawing !== null && (
        <div className="fence-hint" role="status">
          <p>{HINTS[drawing]}</p>
          <Button
            size="xs"
            disabled={shape === null || !isWhole(shape)}
            onClick={() => draft.setDrawing(null)}
          >
            Done
          </Button>
        </div>
      )}
      {shape === null && drawing === null && (
        <p className="soft fence-note">
          {hasMap
            ? 'Choose a shape and draw it on the map, or paste GeoJSON.'
            : 'Choose a shape and type where it lies, or paste GeoJSON.'}
        </p>
      )}
      {shape !== null && <Fields draft={draft} shape={shape} minRadius={minRadius} />}
      <ShapeProblems draft={draft} />
      <PastedGeoJson draft={draft} />
    </fieldset>
  );
}

/** Draws a new shape of this kind; where there is no map it is made for the fields. What was of another kind is kept as far as it goes. */
function begin(draft: Draft, kind: FenceKind, hasMap: boolean): void {
  const { shape } = draft;
  if (!hasMap) {
    draft.setShape(asKind(shape, kind, draft.middle()), true);
    return;
  }
  const usable = shape !== null && shape.kind !== kind && linesOf(shape).length > 0 && kind !== 'circle';
  draft.setShape(usable ? asKind(shape, kind, draft.middle()) : null, true);
  draft.setDrawing(usable ? null : kind);
  draft.focusMap();
}

function Fields({ draft, shape, minRadius }: { draft: Draft; shape: FenceShape; minRadius: number }) {
  const set = (next: FenceShape) => draft.setShape(next, true);
  if (shape.kind === 'circle') {
    const [lon, lat] = shape.centre;
    return (
      <div className="fence-numbers">
        <NumberField
          label="Latitude"
          value={lat}
          min={-90}
          max={90}
          onValue={(value) => set({ ...shape, centre: [lon, value] })}
        />
        <NumberField
          label="Longitude"
          value={lon}
          min={-180}
          max={180}
          onValue={(value) => set({ ...shape, centre: [value, lat] })}
        />
        <NumberField
          label="Radius (m)"
          value={shape.radiusMetres}
          min={minRadius}
          max={50_000}
          onValue={(radiusMetres) => set({ ...shape, radiusMetres })}
        />
      </div>
    );
  }
  return (
    <>
      {shape.kind === 'corridor' && (
        <NumberField
          label="Metres to either side"
          value={shape.corridorMetres}
          min={1}
          max={50_000}
          onValue={(corridorMetres) => set({ ...shape, corridorMetres })}
        />
      )}
      <Corners shape={shape} onShape={set} />
    </>
  );
}

function Corners({ shape, onShape }: { shape: FenceShape; onShape: (shape: FenceShape) => void }) {
  const [typed, setTyped] = useState<string | null>(null);
  const lines = linesOf(shape);
  const corners = lines.reduce((sum, line) => sum + line.corners.length, 0);
  if (lines.length > 1)
    return (
      <p className="soft fence-note">{`${lines.length} rings with ${corners} corners: move them on the map, or paste all as GeoJSON.`}</p>
    );
  const text = typed ?? cornersText(lines[0]?.corners ?? []);
  const read = readCorners(text);
  return (
    <Textarea
      label="Corners"
      description="One a line: latitude, longitude"
      autosize
      minRows={3}
      maxRows={8}
      value={text}
      error={read.ok ? null : read.message}
      onChange={(event) => {
        const next = event.currentTarget.value;
        setTyped(next);
        const corners = readCorners(next);
        if (!corners.ok) return;
        onShape(
          shape.kind === 'polygon'
            ? { ...shape, polygons: [[corners.corners]] }
            : ({ ...shape, corners: corners.corners } as FenceShape),
        );
      }}
      onBlur={() => read.ok && setTyped(null)}
    />
  );
}

function ShapeProblems({ draft: { problems } }: { draft: Draft }) {
  if (problems.length === 0) return null;
  return (
    <div role="alert">
      <ul className="fence-problems">
        {problems.map(({ at: [lon, lat], message }) => (
          <li key={`${message} ${lat} ${lon}`}>{`${message}, at ${lat.toFixed(5)}, ${lon.toFixed(5)}.`}</li>
        ))}
      </ul>
    </div>
  );
}

function PastedGeoJson({ draft }: { draft: Draft }) {
  const [text, setText] = useState('');
  const [message, setMessage] = useState<string | null>(null);
  const { shape } = draft;
  const take = () => {
    const read = readGeoJson(text);
    setMessage(read.ok ? null : read.message);
    if (!read.ok) return;
    draft.setDrawing(null);
    draft.setShape(read.shape, true);
    setText('');
  };
  return (
    <Fold title="GeoJSON">
      <Textarea
        label="Paste a geometry or a Feature"
        autosize
        minRows={3}
        maxRows={10}
        value={text}
        error={message}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <div className="fence-kinds">
        <Button size="xs" variant="default" disabled={text.trim() === ''} onClick={take}>
          Use it
        </Button>
        <Button
          size="xs"
          variant="subtle"
          disabled={shape === null}
          onClick={() => shape !== null && setText(textOf(shape))}
        >
          Show the shape
        </Button>
      </div>
    </Fold>
  );
}

function textOf(shape: FenceShape): string {
  return JSON.stringify(
    { type: 'Feature', geometry: geometryOf(shape), properties: measuresOf(shape) },
    null,
    1,
  );
}

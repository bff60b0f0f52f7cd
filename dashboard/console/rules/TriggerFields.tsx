import { SegmentedControl } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useState } from 'react';
import { type Path, textAt, valueAt } from './document-fields.ts';
import { useEdit } from './edit.ts';
import { DurationField, NameField, NumberField, TextField } from './fields.tsx';
import { useMetrics, usePlaceName, usePlaceSearch } from './use-rule-names.ts';

const KINDS = [
  { value: 'place', label: 'A place' },
  { value: 'metric', label: 'A measurement' },
  { value: 'event', label: 'An event' },
];
const ON = [
  { value: 'enter', label: 'Arrives' },
  { value: 'exit', label: 'Leaves' },
  { value: 'dwell', label: 'Stays' },
  { value: 'approach', label: 'Comes near' },
  { value: 'pass', label: 'Passes' },
];
const EMPTY: Readonly<Record<string, unknown>> = {
  place: { place: { tag: '' }, on: 'enter' },
  metric: { metric: { name: '', below: '' } },
  event: { event: '' },
};
const TYPING_PAUSE_MS = 200;

/** What sets the rule off. */
export function TriggerFields() {
  const { document, set } = useEdit();
  const kind =
    ['metric', 'event'].find((one) => valueAt(document, ['trigger', one]) !== undefined) ?? 'place';
  return (
    <>
      <SegmentedControl
        aria-label="What sets it off"
        data={KINDS}
        value={kind}
        onChange={(next) => set(['trigger'], EMPTY[next])}
      />
      {kind === 'place' && <PlaceTrigger />}
      {kind === 'metric' && <MetricTrigger />}
      {kind === 'event' && (
        <TextField
          path={['trigger', 'event']}
          label="Name of the event"
          description="As devices report it, such as purchase."
          placeholder="purchase"
          required
        />
      )}
    </>
  );
}

function PlaceTrigger() {
  const { document, set, setAll } = useEdit();
  const byId = valueAt(document, ['trigger', 'place', 'id']) !== undefined;
  const on = textAt(document, ['trigger', 'on']);
  const changeOn = (next: string) =>
    setAll([
      [['trigger', 'on'], next],
      [['trigger', 'for'], next === 'dwell' ? 'PT10M' : undefined],
      [['trigger', 'within'], next === 'approach' ? 'PT5M' : undefined],
    ]);
  return (
    <>
      <div className="segment-line">
        <span id="on-label" className="field-label">
          When someone
        </span>
        <SegmentedControl aria-labelledby="on-label" data={ON} value={on} onChange={changeOn} />
      </div>
      <div className="segment-line">
        <span id="where-label" className="field-label">
          Which place
        </span>
        <SegmentedControl
          aria-labelledby="where-label"
          data={[
            { value: 'tag', label: 'Any with a tag' },
            { value: 'id', label: 'One place' },
          ]}
          value={byId ? 'id' : 'tag'}
          onChange={(next) => set(['trigger', 'place'], { [next]: '' })}
        />
      </div>
      {byId ? <PlaceById /> : <PlaceByTag />}
      {on === 'dwell' && (
        <DurationField
          path={['trigger', 'for']}
          label="For at least"
          description="Counts from arriving; no further reading is needed."
          required
        />
      )}
      {on === 'approach' && (
        <DurationField
          path={['trigger', 'within']}
          label="At most this far away in time"
          description="At the speed and in the direction in which they move; up to an hour."
        />
      )}
    </>
  );
}

function PlaceByTag() {
  const path: Path = ['trigger', 'place', 'tag'];
  const { document } = useEdit();
  const [text, setText] = useState(textAt(document, path));
  const [sought] = useDebouncedValue(text, TYPING_PAUSE_MS);
  const { tags } = usePlaceSearch(sought);
  return (
    <NameField
      path={path}
      label="Tag"
      placeholder="coffee"
      required
      options={tags.map(({ tag, places }) => ({
        value: tag,
        note: places === 1 ? '1 place' : `${places.toLocaleString()} places`,
      }))}
      onSearch={setText}
    />
  );
}

function PlaceById() {
  const path: Path = ['trigger', 'place', 'id'];
  const { document } = useEdit();
  const id = textAt(document, path);
  const [text, setText] = useState(id);
  const [sought] = useDebouncedValue(text, TYPING_PAUSE_MS);
  const { places } = usePlaceSearch(sought);
  const name = usePlaceName(id);
  return (
    <NameField
      path={path}
      label="Place"
      description={id !== '' && name !== id ? name : 'Search by name or id.'}
      required
      options={places.map((place) => ({ value: place.id, note: place.name }))}
      onSearch={setText}
    />
  );
}

function MetricTrigger() {
  const { document, setAll } = useEdit();
  const metrics = useMetrics();
  const name = textAt(document, ['trigger', 'metric', 'name']);
  const metric = metrics.find((one) => one.name === name);
  const above = valueAt(document, ['trigger', 'metric', 'above']) !== undefined;
  const direction = above ? 'above' : 'below';
  const turn = (next: string) =>
    setAll([
      [['trigger', 'metric', direction], undefined],
      [['trigger', 'metric', next], valueAt(document, ['trigger', 'metric', direction]) ?? ''],
    ]);
  return (
    <>
      <NameField
        path={['trigger', 'metric', 'name']}
        label="Measurement"
        description={
          metric === undefined ? 'What a device measures.' : `Measured by: ${metric.types.join(', ')}`
        }
        placeholder="fuel"
        required
        options={metrics
          .filter(({ kind }) => kind === 'number')
          .map((one) => ({ value: one.name, note: `${one.types.join(', ')}${one.unit && `, ${one.unit}`}` }))}
      />
      <div className="pair">
        <SegmentedControl
          aria-label="Which way"
          data={[
            { value: 'below', label: 'Falls below' },
            { value: 'above', label: 'Rises above' },
          ]}
          value={direction}
          onChange={turn}
        />
        <NumberField
          path={['trigger', 'metric', direction]}
          label="Limit"
          unit={unitInWords(metric?.unit)}
          required
        />
      </div>
      <div className="pair">
        <DurationField
          path={['trigger', 'metric', 'for']}
          label="And stays there for"
          description="Empty: it fires on the crossing."
        />
        <NumberField
          path={['trigger', 'metric', 'rearm']}
          label="Fires again once it was back at"
          description="Empty: 5 % of the limit back."
          unit={unitInWords(metric?.unit)}
        />
      </div>
    </>
  );
}

/** A ratio is written 0.15, and that has to be said where somebody would write 15. */
function unitInWords(unit: string | undefined): string | undefined {
  return unit === 'ratio' ? '0 to 1' : unit;
}

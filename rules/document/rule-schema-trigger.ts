import { DURATION, ID, type JsonSchema, object, text } from './rule-schema-parts.ts';
import { PLACE_EVENTS } from './trigger.ts';

/** None of these fields, where another one decides that they mean nothing. */
const without = (...fields: readonly string[]): JsonSchema => ({
  properties: Object.fromEntries(fields.map((field) => [field, false])),
});

const onlyWhen = (on: string, then: JsonSchema, otherwise: JsonSchema): JsonSchema => ({
  if: { properties: { on: { const: on } } },
  then,
  else: otherwise,
});

const PLACE_SELECTOR = object(
  {
    id: { ...ID, title: 'Place', description: 'Id of one place.' },
    tag: { ...text(64), title: 'Tag', description: 'Any place with this tag.', examples: ['fuel_station'] },
  },
  { title: 'Where', oneOf: [{ required: ['id'] }, { required: ['tag'] }] },
);

const METRIC = object(
  {
    name: { ...text(128), title: 'Metric', examples: ['fuel'] },
    below: { type: 'number', title: 'Below' },
    above: { type: 'number', title: 'Above' },
    for: {
      ...DURATION,
      title: 'For',
      description: 'How long it must stay so; left out: it fires on the crossing.',
    },
    rearm: {
      type: 'number',
      title: 'Fires again after',
      description: 'The value that must be reached on the way back; 5 % of the threshold where left out.',
    },
  },
  { title: 'Metric', required: ['name'], oneOf: [{ required: ['below'] }, { required: ['above'] }] },
);

/** The field `trigger` of a rule document. */
export const TRIGGER = object(
  {
    place: PLACE_SELECTOR,
    on: {
      enum: [...PLACE_EVENTS],
      title: 'What happens there',
      description:
        'enter, exit; dwell: a visit has lasted `for`; approach: it would be there `within` this time; pass: it went through without a stop.',
    },
    for: {
      ...DURATION,
      title: 'For',
      description: 'With dwell: how long the visit must last.',
      examples: ['PT5M'],
    },
    within: {
      ...DURATION,
      title: 'Within',
      description: 'With approach: at most PT1H.',
      default: 'PT5M',
    },
    metric: METRIC,
    event: {
      ...text(256),
      title: 'Event',
      description: 'Name of an event that a device tells of.',
      examples: ['purchase'],
    },
  },
  {
    title: 'Trigger',
    description: 'When the rule looks: exactly one of place, metric and event.',
    examples: [
      { place: { tag: 'fuel_station' }, on: 'approach', within: 'PT5M' },
      { metric: { name: 'fuel', below: 0.15 } },
      { event: 'purchase' },
    ],
    oneOf: [
      {
        required: ['place', 'on'],
        ...without('metric', 'event'),
        allOf: [
          onlyWhen('dwell', { required: ['for'] }, without('for')),
          onlyWhen('approach', {}, without('within')),
        ],
      },
      { required: ['metric'], ...without('place', 'on', 'for', 'within', 'event') },
      { required: ['event'], ...without('place', 'on', 'for', 'within', 'metric') },
    ],
  },
);

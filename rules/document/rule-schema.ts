import { WEEKDAYS } from '../time/local-time.ts';
import { DAY, DURATION, ID, type JsonSchema, object, text } from './rule-schema-parts.ts';
import { TRIGGER } from './rule-schema-trigger.ts';

const TEMPLATE =
  'Liquid, with `{{ place.name }}`, `{{ metrics.fuel }}`, `{{ consumer.attributes.name }}` and the like.';
const ADDRESS = {
  type: 'string',
  minLength: 1,
  maxLength: 2000,
  pattern: '^(https://[A-Za-z0-9.-]+(:\\d+)?|http://(localhost|127\\.0\\.0\\.1)(:\\d+)?)([/?#]|$)',
} as const;

const OFFER = object(
  {
    title: {
      ...text(2000),
      title: 'Title',
      description: TEMPLATE,
      examples: ['5 ct off a litre at {{ place.name }}'],
    },
    body: { ...text(2000), title: 'Text', description: TEMPLATE },
    url: {
      ...ADDRESS,
      title: 'Where a tap leads',
      description: `${TEMPLATE} Its host is fixed: it must begin with https:// and a name.`,
      examples: ['https://example.org/offers/{{ place.id | url_encode }}'],
    },
    image: { ...ADDRESS, title: 'Picture', description: 'As `url`.' },
    expires: {
      ...DURATION,
      title: 'How long it may be shown',
      description: 'From the decision on; ISO 8601, at most P28D.',
      default: 'PT4H',
      examples: ['PT30M'],
    },
    code: {
      ...ID,
      title: 'Code pool',
      description: 'Each receiver is given a code of this pool, once; then texts may read `{{ code }}`.',
    },
  },
  { title: 'Offer', required: ['title', 'body'] },
);

const SCHEDULE = object(
  {
    days: {
      type: 'array',
      items: { enum: [...WEEKDAYS] },
      minItems: 1,
      maxItems: 7,
      title: 'Days of the week',
    },
    hours: {
      type: 'string',
      pattern: '^\\s*([01]\\d|2[0-4]):[0-5]\\d\\s*-\\s*([01]\\d|2[0-4]):[0-5]\\d\\s*$',
      title: 'Hours',
      description: 'The end is not part of it; an end before the beginning is on the next day.',
      examples: ['07:00-22:00', '22:00-02:00'],
    },
    timezone: {
      type: 'string',
      pattern: '^[A-Za-z][A-Za-z0-9_+/-]{0,63}$',
      title: 'Whose clock',
      description: "The consumer's, the place's, or an IANA zone.",
      default: 'consumer',
      examples: ['consumer', 'place', 'Europe/Rome'],
    },
    from: { ...DAY, title: 'First day', examples: ['2026-03-01'] },
    until: { ...DAY, title: 'Last day', examples: ['2026-12-31'] },
  },
  { title: 'Schedule', description: 'When the rule may fire.' },
);

const LIMITS = object(
  {
    cooldown: {
      ...DURATION,
      title: 'Cooldown',
      description: 'Least time between two offers of this rule to one consumer.',
      examples: ['PT6H'],
    },
    perConsumer: object(
      {
        count: { type: 'integer', minimum: 1, maximum: 1000, title: 'At most' },
        per: { ...DURATION, title: 'Within', examples: ['P1D'] },
      },
      { title: 'Offers of this rule to one consumer', required: ['count', 'per'] },
    ),
    total: {
      type: 'integer',
      minimum: 1,
      maximum: 1_000_000_000,
      title: 'Total',
      description: 'Most offers of this rule to all consumers together.',
    },
    quietHours: {
      const: 'ignore',
      title: 'Quiet hours',
      description: 'For alerts and tests: send also while the consumer wants quiet.',
    },
  },
  { title: 'Limits' },
);

const EXPERIMENT = object(
  {
    holdout: {
      type: 'number',
      minimum: 0,
      maximum: 0.9,
      default: 0,
      title: 'Holdout',
      description: 'Share of consumers who get nothing, to measure what the rule brings: 0.1 is 10 %.',
    },
    variants: {
      type: 'array',
      minItems: 1,
      maxItems: 10,
      title: 'Variants',
      description: 'Each consumer gets one of them, always the same.',
      items: object(
        {
          name: { ...text(64), title: 'Name' },
          weight: { type: 'number', minimum: 0.01, maximum: 1000, default: 1, title: 'Weight' },
          offer: { $ref: '#/$defs/offer', description: "Left out: the rule's own." },
        },
        { required: ['name'] },
      ),
    },
  },
  { title: 'Experiment', anyOf: [{ required: ['holdout'] }, { required: ['variants'] }] },
);

/**
 * JSON Schema (draft 2020-12) of a rule document, for editors: what every document that `parseRule` takes obeys. It says nothing of
 * names (places, metrics, segments …), conditions, templates, and how long a duration may be: those only the parser can check.
 * `id` may be left out where the address or the name of the file tells it, and `state` belongs to how it is saved.
 */
export const RULE_SCHEMA: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Wayside rule',
  description: 'Which offer is made to whom, where, and when.',
  ...object({
    id: {
      ...ID,
      not: { const: '__proto__' },
      title: 'Id',
      description: 'Never changes: what was sent is known by it.',
      examples: ['fuel-when-low'],
    },
    name: { ...text(200), title: 'Name', description: 'The id where left out.' },
    state: {
      enum: ['draft', 'live', 'paused', 'ended'],
      title: 'State',
      description:
        'What it becomes when it is saved; left out: it stays as it is, and a new rule is a draft.',
    },
    trigger: TRIGGER,
    when: {
      ...text(2000),
      title: 'Condition',
      description:
        'CEL over device, metrics, position, place, visit, consumer, segments and now. A missing value makes it false.',
      examples: [
        'device.type == "car" && metrics.fuel < 0.15',
        'now - visit.enteredAt > duration("PT5M")',
        'now.getHours(consumer.timezone) >= 17',
        '"commuters" in segments',
      ],
    },
    audience: object(
      { segment: { ...ID, title: 'Segment', description: 'Only consumers in this segment.' } },
      { title: 'Audience', required: ['segment'] },
    ),
    schedule: SCHEDULE,
    limits: LIMITS,
    weight: {
      type: 'number',
      minimum: 0.01,
      maximum: 100,
      default: 1,
      title: 'Weight',
      description:
        'What an offer that is taken up is worth beside those of other rules: where several want one moment, the best is sent.',
    },
    campaign: { ...ID, title: 'Campaign', description: 'Draws on the budget of this campaign.' },
    experiment: EXPERIMENT,
    offer: { $ref: '#/$defs/offer' },
  }),
  required: ['trigger'],
  anyOf: [
    { required: ['offer'] },
    {
      required: ['experiment'],
      properties: {
        experiment: {
          required: ['variants'],
          properties: { variants: { items: { required: ['offer'] } } },
        },
      },
    },
  ],
  $defs: { offer: OFFER },
};

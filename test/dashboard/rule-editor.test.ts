import { describe, expect, it } from 'vitest';
import { periodOf } from '../../dashboard/console/rules/backtest/period.ts';
import { buckets, decidedPart } from '../../dashboard/console/rules/backtest/time-buckets.ts';
import { changedParts } from '../../dashboard/console/rules/changed-parts.ts';
import {
  durationInWords,
  isoDuration,
  perDuration,
  splitDuration,
} from '../../dashboard/console/rules/duration.ts';
import {
  mendedText,
  sentence,
  suggestedName,
  withDecimalPoint,
} from '../../dashboard/console/rules/problem-words.ts';
import { idOfName, NEW_RULE } from '../../dashboard/console/rules/rule-drafts.ts';
import { lineOf, readRuleText, textOfRule, withValue } from '../../dashboard/console/rules/rule-text.ts';
import { triggerInWords } from '../../dashboard/console/rules/trigger-words.ts';

const RULE = {
  id: 'fuel',
  name: 'Fuel',
  trigger: { place: { tag: 'fuel_station' }, on: 'enter' },
  limits: { cooldown: 'PT6H', perConsumer: { count: 2, per: 'P1D' } },
  offer: { title: '5 ct off at {{ place.name }}', body: 'Now.' },
};

const documentOf = (text: string): unknown => {
  const read = readRuleText(text);
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  return read.document;
};

describe('the text of a rule', () => {
  it('says what the document says', () => {
    expect(documentOf(textOfRule(RULE))).toEqual(RULE);
    expect(textOfRule(RULE)).toContain('trigger: { place: { tag: fuel_station }, on: enter }');
  });

  it('keeps comments, order and whatever a form does not know when a value is set', () => {
    const text = '# mine\nid: fuel\nname: Fuel # short\nsomething: [1, 2]\noffer:\n  title: A\n  body: B\n';
    const after = withValue(withValue(text, ['name'], 'Fuel: cheap'), ['offer', 'title'], 'C');
    expect(after).toBe(
      '# mine\nid: fuel\nname: "Fuel: cheap" # short\nsomething: [ 1, 2 ]\noffer:\n  title: C\n  body: B\n',
    );
  });

  it('makes what a path needs, in its place, and leaves nothing empty behind', () => {
    const text = textOfRule(RULE);
    const scheduled = withValue(text, ['schedule', 'days'], ['mon']);
    expect(documentOf(scheduled)).toEqual({ ...RULE, schedule: { days: ['mon'] } });
    expect(Object.keys(documentOf(scheduled) as object)).toEqual([
      'id',
      'name',
      'trigger',
      'schedule',
      'limits',
      'offer',
    ]);
    expect(withValue(scheduled, ['schedule', 'days'], undefined)).toBe(text);
    const variant = withValue(text, ['experiment', 'variants', 0, 'name'], 'a');
    expect(documentOf(variant)).toMatchObject({ experiment: { variants: [{ name: 'a' }] } });
    expect(documentOf(withValue(NEW_RULE, ['trigger'], { event: '' }))).toMatchObject({
      trigger: { event: '' },
    });
  });

  it('tells what cannot be read, and where', () => {
    expect(readRuleText('id: a\nname: [')).toMatchObject({ ok: false, problems: [{ line: 2 }] });
    expect(readRuleText('- a')).toMatchObject({ ok: false });
    expect(readRuleText('a: *b')).toMatchObject({ ok: false });
  });

  it('finds the line of a problem, or of what holds it', () => {
    const text = textOfRule(RULE);
    expect(lineOf(text, ['trigger', 'on'])).toBe(3);
    expect(lineOf(text, ['offer', 'body'])).toBe(7);
    expect(lineOf(text, ['nothing'])).toBeNull();
  });
});

it.each([
  ['0,5', '0.5'],
  ['1,5', '1.5'],
  ['0,125', '0.125'],
  ['1,000', '1,000'],
  ['12,000,000', '12,000,000'],
])('a number typed as %s is taken as %s', (typed, taken) => {
  expect(withDecimalPoint(typed)).toBe(taken);
});

describe('durations', () => {
  it.each([
    ['PT90M', { count: 90, unit: 'M' }, '90 minutes'],
    ['PT6H', { count: 6, unit: 'H' }, '6 hours'],
    ['P1D', { count: 1, unit: 'D' }, '1 day'],
    ['P2W', { count: 14, unit: 'D' }, '14 days'],
    ['PT1H30M', { count: 90, unit: 'M' }, '90 minutes'],
    ['PT0S', { count: 0, unit: 'S' }, '0 seconds'],
  ] as const)('%s is %j', (text, split, words) => {
    expect(splitDuration(text)).toEqual(split);
    expect(durationInWords(text)).toBe(words);
  });

  it.each(['', 'P', 'PT', '5 min', 'P1M', 'P1Y'])('"%s" is none', (text) => {
    expect(splitDuration(text)).toBeNull();
    expect(durationInWords(text)).toBe(text);
    expect(perDuration('PT1H')).toBe('per hour');
    expect(perDuration('PT10M')).toBe('per 10 minutes');
  });

  it('are written as ISO 8601', () => {
    expect([isoDuration(5, 'M'), isoDuration(2, 'D')]).toEqual(['PT5M', 'P2D']);
  });
});

describe('words', () => {
  const names = { place: () => 'Corner Coffee' };
  it.each([
    [{ trigger: { place: { id: 'c' }, on: 'enter' } }, 'someone arrives at Corner Coffee'],
    [
      { trigger: { place: { tag: 'gym' }, on: 'dwell', for: 'PT10M' } },
      'someone stays at a place tagged “gym” for 10 minutes',
    ],
    [
      { trigger: { place: { tag: 'gym' }, on: 'approach' } },
      'someone comes near a place tagged “gym” (5 minutes away or less)',
    ],
    [
      { trigger: { metric: { name: 'fuel', below: 0.15, for: 'PT1M' } } },
      'fuel falls below 0.15 for 1 minute',
    ],
    [{ trigger: { metric: { name: 'rpm', above: 4000 } } }, 'rpm rises above 4000'],
    [{ trigger: { event: 'purchase' } }, 'a device reports “purchase”'],
    [{}, 'something happens that you have yet to say'],
    [null, 'something happens that you have yet to say'],
  ])('say what sets off %j', (rule, words) => {
    expect(triggerInWords(rule, names)).toBe(words);
  });

  it('make ids of names', () => {
    expect(idOfName('  Café & more: 2× ')).toBe('cafe-more-2');
    expect(idOfName('…')).toBe('');
  });

  it('take the name that was meant', () => {
    const problem = '"metrics.fule" is not known; metrics has fuel, rpm. Did you mean "fuel"?';
    expect(suggestedName(problem)).toBe('fuel');
    expect(mendedText('metrics.fule < 0.1 && metrics.fule > 0', problem)).toBe(
      'metrics.fuel < 0.1 && metrics.fuel > 0',
    );
    expect(mendedText('metrics.fule < 0.1', '"metrics.fule" is not known')).toBeNull();
    const inTemplate = '"place.nmae" is not known; place has id, name. Did you mean "name"?';
    expect(mendedText('Espresso at {{ place.nmae }}', inTemplate)).toBe('Espresso at {{ place.name }}');
    expect(mendedText('metrics.fuled > 1 && metrics.fule > 1', problem)).toBe(
      'metrics.fuled > 1 && metrics.fuel > 1',
    );
    expect(sentence('must be a text of 1 to 200 characters, found ""')).toBe('Still empty.');
    expect(sentence('must be one of enter, exit; found "x".')).toBe(
      'It must be one of enter, exit; found "x".',
    );
  });

  it('name the parts that a version changed', () => {
    expect(changedParts(RULE, { ...RULE, name: 'New', limits: { cooldown: 'PT6H' }, when: 'true' })).toEqual([
      'name',
      'limits.perConsumer',
      'when',
    ]);
    expect(changedParts(RULE, structuredClone(RULE))).toEqual([]);
  });
});

describe('time', () => {
  const HOUR_MS = 3_600_000;
  it('is cut into hours, those without a decision included, and into days where there are many', () => {
    const hours = buckets([{ at: 2 * HOUR_MS, sent: 3, suppressed: 1 }], HOUR_MS / 2, 4 * HOUR_MS);
    expect(hours.unit).toBe('hour');
    expect(hours.items.map(({ sent }) => sent)).toEqual([0, 0, 3, 0]);
    const from = new Date(2026, 2, 1).getTime();
    const to = new Date(2026, 3, 1).getTime();
    const days = buckets([{ at: from + 30 * HOUR_MS, sent: 1, suppressed: 0 }], from, to);
    expect(days.unit).toBe('day');
    expect(days.items).toHaveLength(31);
    expect(days.items[1]?.sent).toBe(1);
  });

  it('is shown where something was decided, a whole chart of it at least', () => {
    const at = 100 * HOUR_MS;
    const shown = decidedPart([{ at, sent: 1, suppressed: 0 }], 0, 168 * HOUR_MS);
    expect(shown).toEqual({ from: 94 * HOUR_MS, to: 106 * HOUR_MS });
    expect(decidedPart([], 0, HOUR_MS)).toEqual({ from: 0, to: HOUR_MS });
    const atTheEnd = decidedPart([{ at, sent: 1, suppressed: 0 }], 0, 101 * HOUR_MS);
    expect(atTheEnd.to).toBe(101 * HOUR_MS);
  });

  it('of yesterday is the reader’s calendar day', () => {
    const now = new Date(2026, 4, 2, 9, 30).getTime();
    expect(periodOf('yesterday', now)).toEqual({
      from: new Date(2026, 4, 1).getTime(),
      to: new Date(2026, 4, 2).getTime(),
    });
  });
});

import { describe, expect, it } from 'vitest';
import { decide } from '../../rules/decide.ts';
import { emptyMemory, type Memory } from '../../rules/memory.ts';
import { BUILT_IN_DEVICE_TYPES, type DeviceType } from '../../rules/readings/device-type.ts';
import type { Reading } from '../../rules/readings/reading.ts';
import type { RuleState } from '../../rules/rule-set.ts';
import { compileRulebook } from '../../rules/rulebook.ts';
import type { ConsumerFacts, Step } from '../../rules/step.ts';
import { circle, point, rule, timeOf, WILLING } from './scenario.ts';

const strict: DeviceType = {
  id: 'strict',
  name: 'Strict',
  mobile: true,
  metrics: { level: { unit: 'm', kind: 'number', min: 0, max: 10, sensitivity: 'none' } },
  unknownMetrics: 'quarantine',
};
const deviceTypes = [
  ...BUILT_IN_DEVICE_TYPES,
  strict,
  { ...strict, id: 'dropping', unknownMetrics: 'drop' as const },
];
const NOW = timeOf('10:00:00');

function bookOf(documents: readonly object[], state: RuleState = 'live', version = 1) {
  return compileRulebook({
    places: [circle('cafe', { radius: 100, tags: ['coffee'] })],
    rules: documents.map((document) => ({ rule: rule({ ...document }), version, state })),
    deviceTypes,
  });
}

const empty = bookOf([]);

function take(
  reading: Reading,
  type = 'car',
  options: Partial<{
    memory: Memory;
    now: number;
    book: typeof empty;
    consumer: ConsumerFacts;
    id: string;
  }> = {},
): Step {
  const { memory = emptyMemory, now = NOW, book = empty, consumer = WILLING, id = '1' } = options;
  return decide(
    book,
    memory,
    { kind: 'reading', device: { id: `${type}-1`, type }, consumer, reading, readingId: id },
    now,
  );
}

it('judges conditions whatever names devices and people have for things', () => {
  const book = bookOf([
    {
      id: 'low',
      trigger: { event: 'x' },
      when: 'metrics.fuel < 0.2 && consumer.attributes.vip',
    },
  ]);
  const attributes = { vip: true, constructor: 'x', ['__proto__']: 'y' };
  const reading = { event: 'x', metrics: { fuel: 0.1, constructor: 2, ['__proto__']: 1 } };
  const { decisions } = take(reading, 'car', { book, consumer: { ...WILLING, attributes } });
  expect(decisions.map(({ outcome }) => outcome.kind)).toEqual(['sent']);
});

describe('taking a reading in', () => {
  it('refuses one bad metric and keeps the rest', () => {
    const step = take({ metrics: { fuel: 7, rpm: 'many', ignition: true, colour: 'red' } });
    expect(step.admitted).toEqual({ at: NOW, flags: [], metrics: { ignition: true, colour: 'red' } });
    expect(step.problems).toEqual([
      {
        code: 'bad_metric',
        message: 'metrics.fuel must be at most 1 ratio, found 7',
        part: { kind: 'metric', name: 'fuel' },
      },
      {
        code: 'bad_metric',
        message: 'metrics.rpm must be a number, found a string',
        part: { kind: 'metric', name: 'rpm' },
      },
    ]);
  });

  it('does with unknown metrics what the device type says', () => {
    expect(take({ metrics: { level: 5, other: 1 } }, 'strict')).toMatchObject({
      admitted: { metrics: { level: 5 } },
      problems: [
        {
          code: 'bad_metric',
          message: 'metrics.other is not a metric of device type strict; known are level',
        },
      ],
    });
    expect(take({ metrics: { level: 5, other: 1 } }, 'dropping')).toMatchObject({
      admitted: { metrics: { level: 5 } },
      problems: [],
    });
    expect(take({ metrics: { other: 1 } }, 'unheard-of')).toMatchObject({
      admitted: { metrics: { other: 1 } },
      problems: [],
    });
  });

  it('of which nothing remains admits nothing, and changes nothing', () => {
    const step = take({ metrics: { level: 11 } }, 'strict');
    expect(step).toMatchObject({ admitted: null, memory: { devices: {} } });
    expect(step.problems).toHaveLength(1);
  });

  it('of before 2000 is refused', () => {
    expect(take({ at: Date.UTC(1999, 11, 31, 23, 59, 59, 999), event: 'x' })).toMatchObject({
      admitted: null,
      problems: [{ code: 'bad_time' }],
    });
    expect(take({ at: Date.UTC(2000, 0, 1), event: 'x' })).toMatchObject({
      admitted: { flags: ['late'] },
      problems: [],
    });
  });

  it('corrects a clock that is more than 5 min ahead, and says so', () => {
    const event = 'x';
    expect(take({ at: NOW + 300_001, event }).admitted).toEqual({
      at: NOW,
      flags: ['clock_corrected'],
      event,
    });
    expect(take({ at: NOW + 300_000, event }).admitted).toEqual({ at: NOW + 300_000, flags: [], event });
    expect(take({ event }).admitted).toEqual({ at: NOW, flags: [], event });
  });

  it('flags what is late', () => {
    expect(take({ at: NOW - 120_000, event: 'x' }).admitted?.flags).toEqual([]);
    expect(take({ at: NOW - 120_001, event: 'x' }).admitted?.flags).toEqual(['late']);
    const { memory } = take({ at: NOW, metrics: { fuel: 0.5 } });
    const older = take({ at: NOW - 1, metrics: { fuel: 0.4, rpm: 900 } }, 'car', { memory, now: NOW + 1 });
    expect(older.admitted?.flags).toEqual(['late']);
    expect(older.memory.devices['car-1']?.metrics).toEqual({
      fuel: { value: 0.5, at: NOW },
      rpm: { value: 900, at: NOW - 1 },
    });
  });
});

describe('an offer', () => {
  const hello = { id: 'hello', trigger: { place: { tag: 'coffee' }, on: 'enter' } };

  it('is plain text with the values of the moment', () => {
    const offer = {
      title: '{{ place.name }}:\n<b>{{ metrics.fuel | times: 100 | round }} %</b>',
      body: '{{ consumer.attributes.name }}{{ "x" }}',
      url: 'https://example.org/?q={{ consumer.attributes.name | url_encode }}',
      expires: 'PT30M',
    };
    const consumer = { ...WILLING, attributes: { name: 'Zoë & Co' } };
    const step = take({ position: point(0, 0), metrics: { fuel: 0.5 } }, 'car', {
      book: bookOf([{ ...hello, offer }]),
      consumer,
    });
    expect(step.decisions[0]).toMatchObject({
      outcome: {
        kind: 'sent',
        offer: {
          title: 'cafe: <b>50 %</b>',
          body: 'Zoë & Cox',
          url: 'https://example.org/?q=Zo%C3%AB+%26+Co',
          expiresAt: NOW + 1_800_000,
        },
      },
      detail: 'car-1 entered cafe; every condition of the rule was met.',
    });
  });

  it('that cannot be written is not sent', () => {
    const offers = [
      { title: '{{ consumer.attributes.name }}', body: 'x' },
      { title: 'x', body: 'x', url: 'https://example.org/{{ consumer.attributes.path }}' },
      { title: '{{ "x" | append: consumer.attributes.path | divided_by: 0 }}', body: 'x' },
    ];
    const book = bookOf(offers.map((offer, index) => ({ ...hello, id: `rule-${index}`, offer })));
    const consumer = { ...WILLING, attributes: { path: 'a b' } };
    const outcomes = take({ position: point(0, 0) }, 'car', { book, consumer }).decisions.map(
      ({ outcome }) => outcome,
    );
    expect(outcomes.slice(0, 2)).toEqual([
      { kind: 'suppressed', reason: 'missing_value' },
      { kind: 'suppressed', reason: 'missing_value' },
    ]);
  });

  it('is not sent twice for one cause when the rule is edited meanwhile', () => {
    const phone = { id: 'phone-1', type: 'phone' };
    const first = take({ position: point(0, 0) }, 'car', { book: bookOf([hello]) });
    const edited = bookOf([{ ...hello, limits: { cooldown: 'PT0S' } }], 'live', 2);
    const reading = { position: point(0, 0) };
    const second = decide(
      edited,
      first.memory,
      { kind: 'reading', device: phone, consumer: WILLING, reading, readingId: '2' },
      NOW + 5_000,
    );
    expect(first.decisions.map(({ ruleVersion }) => ruleVersion)).toEqual([1]);
    expect(second.decisions).toEqual([]);
  });
});

describe('a place', () => {
  it('that is deleted ends its visits, and fires nothing', () => {
    const { memory } = take({ position: point(0, 0) });
    const without = compileRulebook({ places: [], rules: [], deviceTypes });
    const step = take({ position: point(0, 0) }, 'car', {
      memory,
      book: without,
      now: NOW + 60_000,
      id: '2',
    });
    expect(step.visits).toMatchObject([{ id: '1.cafe', exitedAt: NOW + 60_000, endedBy: 'exit' }]);
    expect(step.memory.stays).toEqual({});
  });
});

describe('a device', () => {
  it('that is of an immobile type now ends its visits, and fires nothing', () => {
    const book = bookOf([{ id: 'bye', trigger: { place: { id: 'cafe' }, on: 'exit' } }]);
    const { memory } = take({ position: point(0, 0) }, 'car', { book });
    const input = { kind: 'reading', device: { id: 'car-1', type: 'fridge' }, consumer: WILLING } as const;
    const reading = { metrics: { temperature: 4 } };
    const step = decide(book, memory, { ...input, reading, readingId: '2' }, NOW + 60_000);
    expect(step.visits).toMatchObject([{ id: '1.cafe', exitedAt: NOW + 60_000, endedBy: 'exit' }]);
    expect(step).toMatchObject({ decisions: [], memory: { stays: {} } });
  });

  it('of which an earlier version remembered less goes on', () => {
    const book = bookOf([{ id: 'near', trigger: { place: { id: 'cafe' }, on: 'approach' } }]);
    const { memory } = take({ position: point(0, 0) }, 'car', { book });
    expect(Object.keys(memory.devices['car-1'] ?? {})).not.toContain('approaches');
    const away = take({ position: { ...point(500, 0), speed: 5, heading: 270 } }, 'car', {
      book,
      memory,
      now: NOW + 60_000,
      id: '2',
    });
    expect(away.decisions).toMatchObject([{ cause: '2.cafe.approach', outcome: { kind: 'sent' } }]);
  });
});

describe('the cost of a reading', () => {
  it('does not grow with rules that it cannot concern', () => {
    const others = Array.from({ length: 300 }, (_, index) => [
      { id: `place-${index}`, trigger: { place: { tag: `tag-${index}` }, on: 'enter' } },
      { id: `event-${index}`, trigger: { event: `event-${index}` } },
      { id: `metric-${index}`, trigger: { metric: { name: 'rpm', above: index } } },
    ]).flat();
    const book = bookOf([...others, { id: 'hello', trigger: { place: { id: 'cafe' }, on: 'enter' } }]);
    const cafe = book.place('cafe')?.place;
    expect(cafe && book.rulesOfPlace(cafe, 'enter').map(({ rule }) => rule.id)).toEqual(['hello']);
    expect(book.rulesOfEvent('event-7')).toHaveLength(1);
    expect(book.rulesOfMetric('fuel')).toEqual({ below: [], above: [] });
    const thresholds = book.rulesOfMetric('rpm').above.map(({ trigger }) => trigger.threshold);
    expect(thresholds).toEqual(Array.from({ length: 300 }, (_, index) => index));
  });

  it('nor does the memory with time', () => {
    const book = bookOf([
      {
        id: 'hello',
        trigger: { place: { id: 'cafe' }, on: 'enter' },
        limits: { perConsumer: { count: 3, per: 'P1D' } },
      },
      { id: 'thanks', trigger: { event: 'purchase' }, limits: { cooldown: 'PT1M' } },
      { id: 'low', trigger: { metric: { name: 'fuel', below: 0.5 } } },
    ]);
    let memory: Memory = emptyMemory;
    const sizes: number[] = [];
    for (let index = 0; index < 3_000; index++) {
      const reading = {
        position: point(index % 2 === 0 ? 0 : 900, 0),
        metrics: { fuel: (index % 4) / 4, [`m${index}`]: 1 },
        event: 'purchase',
      };
      memory = take(reading, 'car', { memory, book, now: NOW + index * 20_000, id: `${index}` }).memory;
      sizes.push(JSON.stringify(memory).length);
    }
    expect(Math.max(...sizes.slice(1_500))).toBeLessThan(1.05 * Math.max(...sizes.slice(700, 1_500)));
    expect(Object.keys(memory.devices['car-1']?.metrics ?? {}).length).toBeLessThanOrEqual(256);
    expect(memory.sentTimes.hello?.length).toBeLessThanOrEqual(3);
  });
});

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Condition,
  compileCondition,
  compileSegmentCondition,
  explainCondition,
} from '../../rules/condition/condition.ts';
import type { Situation } from '../../rules/condition/situation.ts';
import { parseSegment } from '../../rules/document/segment.ts';
import type { RuleContext, Trigger } from '../../rules/document/trigger.ts';
import { BUILT_IN_DEVICE_TYPES } from '../../rules/readings/device-type.ts';
import { timestamp } from '../../rules/time/timestamp.ts';
import { must } from './scenario.ts';

const TRIGGER: Trigger = { kind: 'place', place: { kind: 'tag', tag: 'coffee' }, on: 'enter' };
const context: RuleContext = { deviceTypes: BUILT_IN_DEVICE_TYPES };

const situation: Situation = {
  device: { id: 'car-1', type: 'car' },
  metrics: { fuel: 0.4, rpm: 1000, ignition: true, network: 'wifi' },
  position: { lat: 45, lon: 9, accuracy: 8 },
  place: { id: 'cafe', name: 'Café (old)', tags: ['coffee', 'chain:acme'], timezone: 'Asia/Tokyo' },
  visit: { id: 'v', enteredAt: timestamp(Date.UTC(2026, 2, 29, 0, 28)) },
  consumer: { id: 'anna', timezone: 'Europe/Rome', attributes: { plan: 'gold', age: 31, nickname: null } },
  segments: ['adults'],
  now: timestamp(Date.UTC(2026, 2, 29, 0, 30)),
};

const compiled = (text: string): Condition => must(compileCondition(text, TRIGGER, context));
const verdict = (text: string, at: Partial<Situation> = {}) =>
  compiled(text).evaluate({ ...situation, ...at });
const problems = (text: string, more: Partial<RuleContext> = {}): string[] => {
  const result = compileCondition(text, TRIGGER, { ...context, ...more });
  return result.ok ? [] : result.problems.map(({ message }) => message);
};

describe('a condition that is not true tells the first sub-expression that made it so', () => {
  const cases: Readonly<Record<string, readonly ['false' | 'missing', string]>> = {
    'metrics.fuel < 0.15': ['false', 'metrics.fuel < 0.15 is false: metrics.fuel is 0.4'],
    'device.type == "car" && metrics.fuel < 0.15 && metrics.rpm > 1': [
      'false',
      'metrics.fuel < 0.15 is false: metrics.fuel is 0.4',
    ],
    'metrics.fuel < 0.1 || metrics.rpm > 5000': [
      'false',
      'metrics.fuel < 0.1 is false: metrics.fuel is 0.4 and metrics.rpm > 5000 is false: metrics.rpm is 1000',
    ],
    '!metrics.ignition': ['false', '!metrics.ignition is false: metrics.ignition is true'],
    '!(metrics.ignition && metrics.fuel > 0.1)': [
      'false',
      '!(metrics.ignition && metrics.fuel > 0.1) is false: metrics.ignition is true, metrics.fuel is 0.4',
    ],
    '(metrics.ignition ? metrics.fuel > 0.5 : true)': [
      'false',
      'metrics.fuel > 0.5 is false: metrics.fuel is 0.4',
    ],
    'device.type in ["fridge", "phone"]': [
      'false',
      'device.type in ["fridge", "phone"] is false: device.type is "car"',
    ],
    '"children" in segments': ['false', '"children" in segments is false: segments is ["adults"]'],
    'has(position.speed)': ['false', 'has(position.speed) is false'],
    'metrics.fuel * 2 + 1 < 1': [
      'false',
      'metrics.fuel * 2 + 1 < 1 is false: metrics.fuel * 2 + 1 is 1.8, metrics.fuel is 0.4',
    ],
    'now - visit.enteredAt > duration("PT5M")': [
      'false',
      'now - visit.enteredAt > duration("PT5M") is false: now - visit.enteredAt is 2 min',
    ],
    'place.tags.exists(t, t.startsWith("chain:x"))': [
      'false',
      'place.tags.exists(t, t.startsWith("chain:x")) is false: place.tags is ["coffee", "chain:acme"]',
    ],
    '((place.name == "x)(") || (place.name.contains(")(")))': [
      'false',
      'place.name == "x)(" is false: place.name is "Café (old)" and place.name.contains(")(") is false: place.name is "Café (old)"',
    ],
    'consumer.attributes.plan > 4': [
      'false',
      'consumer.attributes.plan > 4 cannot be told: a text cannot be compared with a number: consumer.attributes.plan is "gold"',
    ],
    'consumer.attributes.plan': ['false', 'consumer.attributes.plan is "gold", neither true nor false'],
    'metrics.temperature < 3.0': [
      'missing',
      'metrics.temperature < 3.0 needs metrics.temperature, which is not known',
    ],
    'metrics.door': ['missing', 'metrics.door is not known'],
    'metrics.fuel > 0.1 && position.speed > 3': [
      'missing',
      'position.speed > 3 needs position.speed, which is not known',
    ],
    'metrics.rpm > 5000 || metrics.temperature < 3.0': [
      'missing',
      'metrics.temperature < 3.0 needs metrics.temperature, which is not known',
    ],
    'consumer.attributes.car.colour == "red"': [
      'missing',
      'consumer.attributes.car.colour == "red" needs consumer.attributes.car, which is not known',
    ],
    'consumer.attributes.nickname > 3': [
      'missing',
      'consumer.attributes.nickname > 3 needs a value that is not known',
    ],
  };
  for (const [text, [kind, detail]] of Object.entries(cases)) {
    it(text, () => expect(verdict(text)).toEqual({ kind, detail }));
  }

  it('but says false where one side decides, whatever the other lacks', () => {
    expect(verdict('metrics.temperature < 3.0 && metrics.fuel < 0.1')).toEqual({
      kind: 'false',
      detail: 'metrics.fuel < 0.1 is false: metrics.fuel is 0.4',
    });
    expect(verdict('metrics.temperature < 3.0 || metrics.fuel > 0.1')).toEqual({ kind: 'true' });
  });
});

describe('the tree of a condition', () => {
  it('has every sub-expression with what it came to', () => {
    const text = '(metrics.fuel < 0.15 || metrics.temperature < 3.0) && now.getHours(consumer.timezone) >= 1';
    expect(explainCondition(compiled(text), situation)).toEqual({
      text,
      missing: 'metrics.temperature is not known',
      children: [
        {
          text: 'metrics.fuel < 0.15 || metrics.temperature < 3.0',
          missing: 'metrics.temperature is not known',
          children: [
            {
              text: 'metrics.fuel < 0.15',
              value: false,
              children: [{ text: 'metrics.fuel', value: 0.4, children: [] }],
            },
            {
              text: 'metrics.temperature < 3.0',
              missing: 'metrics.temperature is not known',
              children: [
                { text: 'metrics.temperature', missing: 'metrics.temperature is not known', children: [] },
              ],
            },
          ],
        },
        {
          text: 'now.getHours(consumer.timezone) >= 1',
          value: true,
          children: [
            {
              text: 'now.getHours(consumer.timezone)',
              value: 1,
              children: [
                { text: 'now', value: '2026-03-29T00:30:00.000Z', children: [] },
                { text: 'consumer.timezone', value: 'Europe/Rome', children: [] },
              ],
            },
          ],
        },
      ],
    });
  });
});

describe('the tree of a choice', () => {
  const texts = (at: Situation) => {
    const tree = explainCondition(compiled('metrics.ignition ? metrics.fuel > 0.5 : metrics.rpm > 1'), at);
    return tree.children.map(({ text }) => text);
  };

  it('has the side that counts, and both where that is not known', () => {
    expect(texts(situation)).toEqual(['metrics.ignition', 'metrics.fuel > 0.5']);
    expect(texts({ ...situation, metrics: {} })).toEqual([
      'metrics.ignition',
      'metrics.fuel > 0.5',
      'metrics.rpm > 1',
    ]);
  });
});

describe('numbers', () => {
  it('are one to their authors, whole or not', () => {
    const whole = { metrics: { fuel: 1, rpm: 7 }, consumer: { id: 'anna', attributes: { age: 2 } } };
    for (const text of [
      'metrics.fuel == 1',
      '1 == metrics.fuel',
      'metrics.fuel != 2',
      'metrics.fuel in [1, 2.5]',
      'metrics.fuel in [1, 2]',
      '!(metrics.fuel in [3])',
      'metrics.rpm % 2 == 1',
      'metrics.rpm % 2.0 == 1.0',
      'metrics.rpm / 2 == 3.5',
      'consumer.attributes.age == 2',
      'consumer.attributes.age in [1, 2]',
      'consumer.attributes.age in [1, 2.0]',
      'consumer.attributes.age + 1 == 3',
      'consumer.attributes.age * 1.5 == 3',
    ]) {
      expect(verdict(text, whole), text).toEqual({ kind: 'true' });
    }
  });
});

describe('times', () => {
  it('take durations in ISO 8601, and as CEL writes them', () => {
    for (const text of ['PT1M59S', 'P0DT1M', '119s', '1m', '0.5m', 'PT0S'])
      expect(verdict(`now - visit.enteredAt > duration("${text}")`), text).toEqual({ kind: 'true' });
    for (const text of ['PT2M', '2m', 'P1W'])
      expect(verdict(`now - visit.enteredAt > duration("${text}")`).kind, text).toBe('false');
    expect(problems('now - visit.enteredAt > duration("5 min")')[0]).toContain('is no duration; write PT5M');
    expect(problems('now > timestamp("2026-02-30T00:00:00Z")')[0]).toContain(
      'is no time; write 2026-03-01T12',
    );
    expect(problems('now > timestamp("2026-03-01T12:00:00")')[0]).toContain('is no time');
    expect(verdict('now > timestamp("2026-03-29T01:29:59+01:00")')).toEqual({ kind: 'true' });
  });

  it('show the clock of the place or of the consumer, also where it is set forward and back', () => {
    const hour = (zone: string, at: number) => {
      const shown = compiled(`now.getHours("${zone}") * 100 + now.getMinutes("${zone}") >= 0`);
      const tree = explainCondition(shown, { ...situation, now: timestamp(at) });
      return 'value' in tree && tree.children[0] && 'value' in tree.children[0]
        ? tree.children[0].value
        : null;
    };
    // Europe/Rome goes from 02:00 to 03:00 on 29 March 2026, and from 03:00 to 02:00 on 25 October.
    expect(hour('Europe/Rome', Date.UTC(2026, 2, 29, 0, 59))).toBe(159);
    expect(hour('Europe/Rome', Date.UTC(2026, 2, 29, 1, 0))).toBe(300);
    expect(hour('Europe/Rome', Date.UTC(2026, 9, 25, 0, 30))).toBe(230);
    expect(hour('Europe/Rome', Date.UTC(2026, 9, 25, 1, 30))).toBe(230);
    // Lord Howe sets its clocks by half an hour; Kathmandu is 5:45 ahead; CEL takes offsets, too.
    expect(hour('Australia/Lord_Howe', Date.UTC(2026, 3, 4, 14, 59))).toBe(159);
    expect(hour('Australia/Lord_Howe', Date.UTC(2026, 3, 4, 15, 0))).toBe(130);
    expect(hour('Asia/Kathmandu', Date.UTC(2026, 0, 1, 0, 0))).toBe(545);
    expect(hour('-03:30', Date.UTC(2026, 0, 1, 0, 0))).toBe(2030);
    expect(verdict('now.getHours(place.timezone) == 9 && now.getHours(consumer.timezone) == 1')).toEqual({
      kind: 'true',
    });
  });

  it('show the calendar there, as CEL counts it', () => {
    const newYear = { now: timestamp(Date.UTC(2025, 11, 31, 23, 30, 15, 7)) };
    for (const text of [
      'now.getFullYear(consumer.timezone) == 2026 && now.getFullYear() == 2025',
      'now.getMonth(consumer.timezone) == 0 && now.getMonth() == 11',
      'now.getDate(consumer.timezone) == 1 && now.getDayOfMonth(consumer.timezone) == 0',
      'now.getDayOfWeek(consumer.timezone) == 4 && now.getDayOfWeek() == 3',
      'now.getDayOfYear(consumer.timezone) == 0 && now.getDayOfYear() == 364',
      'now.getMinutes(consumer.timezone) == 30 && now.getSeconds("UTC") == 15 && now.getMilliseconds("UTC") == 7',
    ]) {
      expect(verdict(text, newYear), text).toEqual({ kind: 'true' });
    }
    const summer = { now: timestamp(Date.UTC(2026, 6, 1, 12)) };
    expect(verdict('now.getDayOfYear() == 181', summer)).toEqual({ kind: 'true' });
  });

  it('without a zone are missing, and zones that are none are told when the rule is saved', () => {
    const { timezone: _, ...nowhere } = situation.consumer;
    expect(verdict('now.getHours(consumer.timezone) == 9', { consumer: nowhere })).toEqual({
      kind: 'missing',
      detail: 'now.getHours(consumer.timezone) == 9 needs consumer.timezone, which is not known',
    });
    expect(problems('now.getHours("Europe/Roma") == 9')[0]).toContain('"Europe/Roma" is no time zone');
  });
});

describe('what is wrong with a condition', () => {
  const cases: Readonly<Record<string, string>> = {
    'metrics.fule < 1': '"metrics.fule" is not known; metrics has fuel, rpm',
    'device.typ == "car"': 'Did you mean "type"?',
    'devise.type == "car"': 'Did you mean "device"?',
    'metrics.fuel == "low"': 'metrics.fuel == "low": a number cannot be compared with a text',
    'metrics.fuel + place.name > 1': 'metrics.fuel + place.name: a number + a text cannot be worked out',
    'now > 5': 'now > 5: a time cannot be compared with a number',
    'metrics.fuel && true': '&& and || need true or false on both sides, and here is a number',
    'metrics.fuel ? true : false': 'before the ? stands a number',
    'lower(place.name) == "a"': 'Did you mean "lowerAscii"?',
    'place.name.startWith("a")': 'Did you mean "startsWith"?',
    'now.getHours(3) == 1': 'getHours() of now does not take a number',
    'metrics.fuel < ': 'is not a CEL expression: Unexpected token: EOF (at character 16)',
    'metrics.fuel = 1': 'is not a CEL expression: Unexpected character: = (at character 14)',
    'place.tags.exists(a, place.tags.exists(b, a == b))': 'stands inside another exists()',
    'cel.bind(x, metrics, x.fuel > 0.1)': '"cel" is not known',
  };
  for (const [text, message] of Object.entries(cases)) {
    it(text, () => expect(problems(text).join(' ')).toContain(message));
  }

  it('is told for every unknown name at once', () => {
    expect(problems('metrics.fule < 1 && metrics.rpn > 2 && plaze.name == "x"')).toHaveLength(3);
  });

  it('is a device type, a segment or a trait that there is not, where those are given', () => {
    const given = { deviceTypeIds: ['car', 'phone'], segments: ['commuters'] };
    expect(problems('device.type == "cra"', given)).toEqual([
      'there is no device type "cra". Did you mean "car"?',
    ]);
    expect(problems('device.type in ["car", "phon"]', given)[0]).toContain('Did you mean "phone"?');
    expect(problems('"comuters" in segments', given)[0]).toContain('Did you mean "commuters"?');
    expect(problems('device.type != "car" && "commuters" in segments', given)).toEqual([]);
    expect(problems('device.type == "cra" && "comuters" in segments')).toEqual([]);
    const traits = [
      { name: 'plan', kind: 'string' },
      { name: 'age', kind: 'number' },
    ] as const;
    expect(
      problems('consumer.attributes.plan == "gold" && consumer.attributes.age > 17', { traits }),
    ).toEqual([]);
    expect(problems('consumer.attributes.paln == "gold"', { traits })).toEqual([
      '"consumer.attributes.paln" is not known; consumer.attributes has plan, age. Did you mean "plan"?',
    ]);
    expect(problems('consumer.attributes.age == "old"', { traits })[0]).toContain(
      'a number cannot be compared with a text',
    );
  });
});

describe('a segment', () => {
  it('sees the consumer alone', () => {
    const segment = (when: string, traits: RuleContext['traits'] = []) => {
      const parsed = parseSegment({ id: 'x', when }, { traits: traits ?? [] });
      return parsed.ok ? [] : parsed.problems.map(({ path, message }) => `${path}: ${message}`);
    };
    expect(segment('consumer.attributes.age > 17 && consumer.timezone == "Europe/Rome"')).toEqual([]);
    expect(segment('metrics.fuel < 0.2')[0]).toContain('when: "metrics" is not known; known are consumer.');
    expect(segment('consumer.attributes.agee > 17', [{ name: 'age', kind: 'number' }])[0]).toContain(
      'Did you mean "age"?',
    );
    expect(segment('consumer.attributes.age')).toEqual([]);
    expect(segment('consumer.id')[0]).toContain('must be true or false, but gives a text');
    expect(parseSegment({ id: 'a b', naem: 1 })).toMatchObject({
      ok: false,
      problems: [{ path: 'naem' }, { path: 'id' }, { path: 'when' }],
    });
  });
});

const NAMES = [
  'metrics.fuel',
  'metrics.temperature',
  'metrics.ignition',
  'consumer.attributes.plan',
  'consumer.attributes.nickname',
  'consumer.attributes.none.below',
  'position.speed',
  'place.tags',
  'segments',
  'now',
  'visit.enteredAt',
  'place["name"]',
];
const LITERALS = [
  '1',
  '0.5',
  '-2',
  '"gold"',
  'true',
  'null',
  '[1, 2.5]',
  '["a"]',
  '{"a": 1}',
  'duration("PT5M")',
  'b"x"',
];

const expression = fc.letrec<{ any: string }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom(...NAMES, ...LITERALS),
    fc
      .tuple(
        tie('any'),
        fc.constantFrom('&&', '||', '==', '<', '>=', '+', '-', '*', '/', '%', 'in'),
        tie('any'),
      )
      .map(([a, sign, b]) => `(${a}) ${sign} ${b}`),
    tie('any').map((a) => `!(${a})`),
    fc.tuple(tie('any'), tie('any'), tie('any')).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
    tie('any').map((a) => `(${a}).exists(x, x == ${a})`),
    tie('any').map((a) => `size(${a}) > 0`),
    tie('any').map((a) => `now.getHours(${a}) > 0`),
    fc.constantFrom(...NAMES).map((name) => `has(${name})`),
  ),
})).any;

describe('a condition of any kind', () => {
  it('is refused with problems, or gives a verdict and a tree: it never throws', () => {
    let taken = 0;
    fc.assert(
      fc.property(fc.oneof(expression, fc.string()), (text) => {
        const result = compileCondition(text, TRIGGER, context);
        if (!result.ok) {
          expect(result.problems.length).toBeGreaterThan(0);
          return;
        }
        taken += 1;
        const found = result.value.evaluate(situation);
        if (found.kind !== 'true') expect(found.detail.length).toBeGreaterThan(0);
        expect(result.value.holds(situation)).toBe(found.kind === 'true');
        const tree = explainCondition(result.value, situation);
        expect('value' in tree && tree.value === true).toBe(found.kind === 'true');
        expect(JSON.parse(JSON.stringify(tree))).toEqual(tree);
        const segment = compileSegmentCondition(text);
        if (segment.ok) segment.value.evaluate({ consumer: situation.consumer });
      }),
      { numRuns: 3_000, seed: 5 },
    );
    expect(taken).toBeGreaterThan(100);
  });
});

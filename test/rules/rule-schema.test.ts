import { readdirSync, readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRule } from '../../rules/document/rule.ts';
import { RULE_SCHEMA } from '../../rules/document/rule-schema.ts';
import { BUILT_IN_DEVICE_TYPES } from '../../rules/readings/device-type.ts';

const ajv = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false, allErrors: true });
const validate = ajv.compile(RULE_SCHEMA);
const isValid = (document: unknown): boolean => validate(document);
const isParsed = (document: unknown): boolean =>
  parseRule(document, { deviceTypes: BUILT_IN_DEVICE_TYPES }).ok;

const offer = { title: 'Hello', body: 'Coffee' };
const valid = { id: 'hello', trigger: { place: { id: 'cafe' }, on: 'enter' }, offer };
const whole = {
  id: 'fuel-when-low',
  name: 'Fuel',
  trigger: { place: { tag: 'fuel_station' }, on: 'approach', within: 'PT5M' },
  when: 'device.type == "car" && metrics.fuel < 0.15',
  audience: { segment: 'commuters' },
  schedule: {
    days: ['mon', 'fri'],
    hours: '07:00-22:00',
    timezone: 'Europe/Rome',
    from: '2026-01-01',
    until: '2026-12-31',
  },
  limits: { cooldown: 'PT6H', perConsumer: { count: 2, per: 'P1D' }, total: 10_000, quietHours: 'ignore' },
  weight: 2,
  campaign: 'spring',
  experiment: { holdout: 0.1, variants: [{ name: 'a', weight: 1, offer }, { name: 'b' }] },
  offer: {
    title: '{{ place.name }}',
    body: '{{ code }}',
    url: 'https://example.org/x',
    image: 'http://localhost:80/',
    expires: 'PT30M',
    code: 'pool',
  },
};

const taken: readonly object[] = [
  valid,
  whole,
  { ...valid, trigger: { place: { tag: 'a' }, on: 'dwell', for: 'PT1H30M' } },
  { ...valid, trigger: { place: { tag: 'a' }, on: 'approach' } },
  { ...valid, trigger: { place: { tag: 'a' }, on: 'pass' } },
  { ...valid, trigger: { metric: { name: 'fuel', below: 0.1, for: 'P1DT2H', rearm: 0.2 } } },
  { ...valid, trigger: { metric: { name: 'fuel', above: 1 } } },
  { ...valid, trigger: { event: 'purchase' } },
  { id: 'x', trigger: { event: 'e' }, experiment: { variants: [{ name: 'a', offer }] } },
  { ...valid, experiment: { holdout: 0.5 } },
  { ...valid, schedule: {} },
  { ...valid, schedule: { hours: '22:00 - 02:00', timezone: 'place' } },
  { ...valid, limits: {} },
];

/** By what is wrong: none of it needs to know a name or to read a condition. */
const refused: Readonly<Record<string, unknown>> = {
  'no object': 'hello',
  null: null,
  'a list': [],
  'no trigger': { id: 'x', offer },
  'no offer': { id: 'x', trigger: { event: 'e' } },
  'a bad id': { ...valid, id: 'a b' },
  'an unknown field': { ...valid, trigers: 1 },
  'a blank name': { ...valid, name: '  ' },
  'two triggers': { ...valid, trigger: { event: 'e', metric: { name: 'fuel', below: 1 } } },
  'no kind of trigger': { ...valid, trigger: {} },
  'an event with on': { ...valid, trigger: { event: 'e', on: 'enter' } },
  'a place without on': { ...valid, trigger: { place: { id: 'cafe' } } },
  'an unknown on': { ...valid, trigger: { place: { id: 'cafe' }, on: 'leave' } },
  'a place by id and tag': { ...valid, trigger: { place: { id: 'cafe', tag: 'a' }, on: 'enter' } },
  'a dwell without for': { ...valid, trigger: { place: { id: 'cafe' }, on: 'dwell' } },
  'an enter with for': { ...valid, trigger: { place: { id: 'cafe' }, on: 'enter', for: 'PT5M' } },
  'a dwell with within': {
    ...valid,
    trigger: { place: { id: 'cafe' }, on: 'dwell', for: 'PT5M', within: 'PT5M' },
  },
  'a metric with both bounds': { ...valid, trigger: { metric: { name: 'fuel', below: 1, above: 0 } } },
  'a metric without bounds': { ...valid, trigger: { metric: { name: 'fuel' } } },
  'a duration in words': { ...valid, limits: { cooldown: '5 minutes' } },
  'a duration of nothing': { ...valid, limits: { cooldown: 'P' } },
  'a duration that ends in T': { ...valid, limits: { cooldown: 'P1DT' } },
  'a cap without a time': { ...valid, limits: { perConsumer: { count: 2 } } },
  'a cap of a half': { ...valid, limits: { perConsumer: { count: 0.5, per: 'P1D' } } },
  'a total of nothing': { ...valid, limits: { total: 0 } },
  'quiet hours otherwise': { ...valid, limits: { quietHours: 'keep' } },
  'no day': { ...valid, schedule: { days: [] } },
  'an unknown day': { ...valid, schedule: { days: ['monday'] } },
  'bad hours': { ...valid, schedule: { hours: '7-22' } },
  'hours of three parts': { ...valid, schedule: { hours: '07:00-12:00-14:00' } },
  'a bad last day': { ...valid, schedule: { until: '31.12.2026' } },
  'a weight of nothing': { ...valid, weight: 0 },
  'an audience without a segment': { ...valid, audience: {} },
  'an experiment of nothing': { ...valid, experiment: {} },
  'all held out': { ...valid, experiment: { holdout: 1 } },
  'no variant': { ...valid, experiment: { variants: [] } },
  'a variant without any offer': {
    id: 'x',
    trigger: { event: 'e' },
    experiment: { variants: [{ name: 'a' }] },
  },
  'a variant without a name': { ...valid, experiment: { variants: [{ weight: 1 }] } },
  'an offer without a text': { ...valid, offer: { title: 'x' } },
  'an address without a host': { ...valid, offer: { ...offer, url: '{{ place.name }}' } },
  'a price as a title': { ...valid, offer: { ...offer, title: 5 } },
};

describe('the JSON Schema of a rule document', () => {
  it('takes what the parser takes', () => {
    for (const document of taken) {
      expect(
        parseRule(document, { deviceTypes: BUILT_IN_DEVICE_TYPES }),
        JSON.stringify(document),
      ).toMatchObject({
        ok: true,
      });
      expect(isValid(document), `${JSON.stringify(document)}: ${ajv.errorsText(validate.errors)}`).toBe(true);
    }
    expect(isValid({ ...valid, state: 'live' })).toBe(true);
  });

  it('takes the rules of the behaviour cases', () => {
    const folder = new URL('cases/', import.meta.url);
    const cases = readdirSync(folder)
      .filter((name) => name.endsWith('.json'))
      .flatMap((name): { rules?: object[] }[] => JSON.parse(readFileSync(new URL(name, folder), 'utf8')));
    const rules = cases.flatMap((one) => one.rules ?? []);
    expect(rules.length).toBeGreaterThan(30);
    for (const rule of rules)
      expect(isValid({ offer, ...rule }), `${JSON.stringify(rule)}: ${ajv.errorsText(validate.errors)}`).toBe(
        true,
      );
  });

  for (const [what, document] of Object.entries(refused)) {
    it(`refuses ${what}, as the parser does`, () => {
      expect(isValid(document)).toBe(false);
      expect(isParsed(document)).toBe(false);
    });
  }

  it('has examples and defaults that it takes itself', () => {
    const check = (schema: unknown, path: string): void => {
      if (typeof schema !== 'object' || schema === null) return;
      const own = 'examples' in schema && Array.isArray(schema.examples) ? schema.examples : [];
      const all = 'default' in schema ? [...own, schema.default] : own;
      for (const example of all)
        expect(ajv.validate({ ...schema }, example), `${path}: ${example}`).toBe(true);
      for (const [key, value] of Object.entries(schema))
        if (key !== 'examples') check(value, `${path}.${key}`);
    };
    check(RULE_SCHEMA, '');
  });

  it('refuses nothing that the parser takes', () => {
    fc.assert(
      fc.property(changed, (document) => {
        if (!isValid(document)) expect(isParsed(document), JSON.stringify(document)).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('a fuzzed rule document', () => {
  it('gives a rule or problems with paths, and never throws', () => {
    fc.assert(
      fc.property(fc.oneof(changed, fc.anything()), (document) => {
        const parsed = parseRule(document, { deviceTypes: BUILT_IN_DEVICE_TYPES });
        if (parsed.ok) return;
        expect(parsed.problems.length).toBeGreaterThan(0);
        for (const { path, message } of parsed.problems) {
          expect(typeof path).toBe('string');
          expect(message.length).toBeGreaterThan(0);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

const FIELDS = [
  'id',
  'on',
  'for',
  'within',
  'when',
  'offer',
  'variants',
  'holdout',
  'weight',
  'total',
  '__proto__',
];
const VALUES = [
  'PT5M',
  'P',
  'enter',
  'dwell',
  'approach',
  '07:00-22:00',
  'a',
  '',
  ' ',
  0,
  1,
  -1,
  0.5,
  1e9,
  null,
  true,
];
const value = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom<unknown>(...VALUES) },
  { weight: 1, arbitrary: fc.constantFrom<unknown>(offer, [], {}, [offer], { id: 'a' }, { name: 'a' }) },
  { weight: 1, arbitrary: fc.jsonValue() },
);

/** A document that is taken, with a few of its values replaced, fields removed or others put in: as JSON, for editors see no other. */
const changed: fc.Arbitrary<unknown> = fc
  .tuple(
    fc.constantFrom(...taken),
    fc.array(
      fc.tuple(fc.nat(), fc.constantFrom('replace', 'remove', 'add'), fc.constantFrom(...FIELDS), value),
      { minLength: 1, maxLength: 3 },
    ),
  )
  .map(([document, changes]) => {
    const copy: unknown = JSON.parse(JSON.stringify(document));
    for (const [position, change, field, given] of changes) {
      // What is put in may be put in twice, and changed.
      const put = structuredClone(given);
      const places = placesIn(copy);
      const place = places[position % places.length];
      if (place === undefined) continue;
      const [owner, key] = place;
      if (change === 'replace') owner[key] = put;
      if (change === 'remove') delete owner[key];
      const target = owner[key];
      if (change === 'add') {
        const holder =
          typeof target === 'object' && target !== null && !Array.isArray(target) ? target : owner;
        Object.defineProperty(holder, field, {
          value: put,
          enumerable: true,
          configurable: true,
          writable: true,
        });
      }
    }
    return JSON.parse(JSON.stringify(copy)) as unknown;
  });

/** Every field and element of a document, by what holds it. */
function placesIn(node: unknown): (readonly [Record<string, unknown>, string])[] {
  if (typeof node !== 'object' || node === null) return [];
  const record = node as Record<string, unknown>;
  return Object.keys(record).flatMap((key) => [[record, key] as const, ...placesIn(record[key])]);
}

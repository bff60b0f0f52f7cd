import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRule } from '../../rules/document/rule.ts';
import { parseSegment } from '../../rules/document/segment.ts';
import { BUILT_IN_DEVICE_TYPES, type DeviceType, parseDeviceType } from '../../rules/readings/device-type.ts';
import { compileRulebook } from '../../rules/rulebook.ts';
import type { Decision, Purpose } from '../../rules/step.ts';
import { circle, must, play, WILLING } from './scenario.ts';

/** A type of somebody's own, with two health metrics (one a text), and one by the name of a harmless metric of another type. */
const RING = must(
  parseDeviceType({
    id: 'ring',
    name: 'Ring',
    metrics: {
      pulse: { kind: 'number', unit: 'bpm', sensitivity: 'health' },
      mood: { kind: 'string', sensitivity: 'health' },
      temperature: { kind: 'number', sensitivity: 'health' },
      battery: { kind: 'number' },
    },
  }),
);
const TYPES: readonly DeviceType[] = [...BUILT_IN_DEVICE_TYPES, RING];
const HEALTH_METRICS = ['pulse', 'mood', 'temperature', 'heart_rate'];

const conditions = fc.constantFrom(
  undefined,
  'metrics.pulse > 100.0',
  'metrics["pulse"] > 100.0',
  'has(metrics.pulse)',
  '!has(metrics.pulse)',
  'metrics.pulse > 100.0 || metrics.battery > 0.1',
  'metrics.battery > 0.1 ? true : metrics.pulse > 100.0',
  'metrics.mood == "calm"',
  'metrics.mood.size() > 4',
  '[metrics].exists(m, m.pulse > 100.0)',
  '[1].exists(metrics, metrics > 0) && metrics.pulse > 100.0',
  'metrics.temperature > 20.0',
  'metrics[consumer.attributes.which] > 100.0',
  'segments.exists(s, metrics.pulse > 100.0)',
  'metrics.battery > 0.1',
);

const texts = fc.constantFrom(
  'plain',
  '{{ metrics.pulse }}',
  '{{ metrics["pulse"] }}',
  '{{ metrics.mood.size }}',
  '{{ metrics.mood | first }}',
  '{{ metrics[consumer.attributes.which] }}',
  '{% assign m = metrics %}{{ m.pulse }}{{ m.mood }}',
  '{% if false %}{% assign metrics = 1 %}{% endif %}{{ metrics.pulse }}',
  '{% case 1 %}{% when 2 %}{% capture metrics %}x{% endcapture %}{% endcase %}{{ metrics.mood }}',
  '{% assign x = "metrics" %}{{ [x].pulse }}{{ [x].mood }}',
  '{% assign x = "metrics" %}{% assign y = [x] %}{{ y.pulse }}',
  '{{ [consumer.attributes.root].pulse }}',
  '{% if metrics.pulse > 100 %}high{% else %}low{% endif %}',
  '{{ metrics.temperature }} {{ metrics.battery }}',
  '{{ device.id | append: metrics.pulse }}',
);

const triggers = fc.constantFrom(
  { event: 'purchase' },
  { place: { id: 'cafe' }, on: 'enter' },
  { metric: { name: 'battery', above: 0.2 } },
  { metric: { name: 'pulse', above: 100 } },
  { metric: { name: 'pulse', above: 100, for: 'PT1M' } },
  { metric: { name: 'temperature', below: 200 } },
);

const documents = fc.record({ trigger: triggers, when: conditions, title: texts, body: texts });
const withoutHealth = fc.subarray<Purpose>(['location_offers', 'device_offers']);

/** As rules are read out of the records, where an earlier version may have allowed more: the checks of saving are not relied on. */
function decisionsOf(
  { trigger, when, title, body }: { trigger: object; when: string | undefined; title: string; body: string },
  granted: readonly Purpose[],
  health: { readonly pulse: number; readonly mood: string; readonly temperature: number },
): readonly Decision[] {
  const offer = { title: `Offer ${title}`, body: `for you ${body}` };
  const document = { id: 'r', trigger, ...(when === undefined ? {} : { when }), offer };
  const parsed = parseRule(document, { deviceTypes: TYPES, isSaved: true });
  if (!parsed.ok) return [];
  const rulebook = compileRulebook({
    places: [circle('cafe', { radius: 100 })],
    rules: [{ rule: parsed.value, version: 1, state: 'live' }],
    deviceTypes: TYPES,
  });
  const consumer = {
    ...WILLING,
    granted,
    attributes: { which: 'pulse', root: 'metrics' },
  };
  const said = (at: number, more: object) => ({
    now: at,
    input: {
      kind: 'reading' as const,
      device: { id: 'ring-1', type: 'ring' },
      consumer,
      reading: { at, metrics: { battery: 0.5, heart_rate: health.pulse, ...health }, ...more },
      readingId: `${at}`,
    },
  });
  const start = Date.UTC(2026, 2, 2, 12);
  const inputs = [
    said(start, {}),
    said(start + 61_000, { position: { lat: 53.08, lon: 8.8 }, event: 'purchase' }),
    said(start + 200_000, { event: 'purchase' }),
  ];
  return play(rulebook, inputs, true, consumer).decisions;
}

describe('health metrics without health_offers', () => {
  it('reach no decision: neither what is sent nor what is written down depends on their values', () => {
    let looked = 0;
    fc.assert(
      fc.property(documents, withoutHealth, (document, granted) => {
        const some = decisionsOf(document, granted, { pulse: 187, mood: 'agitated', temperature: 39.25 });
        const others = decisionsOf(document, granted, { pulse: 143, mood: 'calm', temperature: 36.5 });
        looked += some.length;
        expect(others).toEqual(some);
        expect(JSON.stringify(some)).not.toMatch(/187|agitated|39\.25/);
      }),
      { numRuns: 500, seed: 5 },
    );
    expect(looked).toBeGreaterThan(250);
  });

  it('bring no offer to a rule that says that it reads them', () => {
    fc.assert(
      fc.property(documents, withoutHealth, (document, granted) => {
        const text = JSON.stringify(document);
        const saysSo = HEALTH_METRICS.some(
          (name) => text.includes(`metrics.${name}`) || text.includes(`"name":"${name}"`),
        );
        const sent = decisionsOf(document, granted, {
          pulse: 187,
          mood: 'agitated',
          temperature: 39.25,
        }).filter(({ outcome }) => outcome.kind === 'sent');
        if (saysSo) expect(sent).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it('do reach it once it was agreed to, so that the laws above hold something', () => {
    const all: readonly Purpose[] = ['location_offers', 'device_offers', 'health_offers'];
    const document = {
      trigger: { metric: { name: 'pulse', above: 100 } },
      when: undefined,
      title: '{{ metrics.pulse }}',
      body: 'x',
    };
    const values = { pulse: 187, mood: 'agitated', temperature: 39.25 };
    expect(JSON.stringify(decisionsOf(document, all, values))).toContain('187');
  });

  it('are not named by segments, which know people and no devices', () => {
    const parsed = parseSegment({ id: 's', when: 'metrics.pulse > 100.0' });
    expect(parsed).toMatchObject({ ok: false });
  });

  it('are not to be had by a name that is worked out when a rule is saved', () => {
    const offer = { title: '{% assign x = "metrics" %}{{ [x].pulse }}', body: 'b' };
    const parsed = parseRule({ id: 'r', trigger: { event: 'x' }, offer }, { deviceTypes: TYPES });
    expect(parsed).toMatchObject({ ok: false, problems: [{ path: 'offer.title' }] });
  });
});

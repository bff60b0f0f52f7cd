import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide } from '../../rules/decide.ts';
import { emptyMemory, type Memory } from '../../rules/memory.ts';
import { dayOfCampaign } from '../../rules/pacing/limits.ts';
import { BUILT_IN_DEVICE_TYPES } from '../../rules/readings/device-type.ts';
import { compileRulebook } from '../../rules/rulebook.ts';
import type { Decision } from '../../rules/step.ts';
import { countingLedger } from './counting-ledger.ts';
import { rule, timeOf, WILLING } from './scenario.ts';

const MINUTE_MS = 60_000;
const START = timeOf('00:00:00');
const ZONE = 'Asia/Tokyo';

const limits = fc.record(
  {
    cooldown: fc.constantFrom('PT0S', 'PT7M', 'PT1H'),
    perConsumer: fc.constantFrom({ count: 1, per: 'PT30M' }, { count: 3, per: 'PT2H' }),
    total: fc.integer({ min: 1, max: 8 }),
  },
  { requiredKeys: [] },
);

const ruleDocument = fc.record(
  {
    trigger: fc.constantFrom({ event: 'x' }, { event: 'y' }),
    limits,
    weight: fc.constantFrom(0.5, 1, 2),
    campaign: fc.constantFrom('spring', 'summer'),
    experiment: fc.constantFrom({ holdout: 0.3 }, { variants: [{ name: 'a' }, { name: 'b', weight: 2 }] }),
    offer: fc.constantFrom(
      { title: 'x', body: 'y' },
      { title: '{{ code }}', body: 'y', code: 'pool' },
      { title: '{{ consumer.attributes.none }}', body: 'y' },
    ),
  },
  { requiredKeys: ['trigger', 'offer'] },
);

const world = fc.record({
  rules: fc.array(ruleDocument, { minLength: 1, maxLength: 6 }),
  pacing: fc.constantFrom(null, { count: 2, perMs: 45 * MINUTE_MS }),
  budget: fc.constantFrom({ total: 6 }, { perDay: 2 }, { total: 9, perDay: 4 }),
  codes: fc.integer({ min: 0, max: 5 }),
  readings: fc.array(
    fc.record({
      who: fc.constantFrom('anna', 'ben', 'carla'),
      event: fc.constantFrom('x', 'y'),
      minutes: fc.integer({ min: 0, max: 300 }),
    }),
    { maxLength: 40 },
  ),
});

type World = typeof world extends fc.Arbitrary<infer T> ? T : never;

/** All subjects one after the other in order of time, with one ledger, as the engine does. */
function played({ rules, pacing, budget, codes, readings }: World): {
  readonly steps: readonly (readonly Decision[])[];
  readonly decisions: readonly Decision[];
} {
  const rulebook = compileRulebook({
    places: [],
    rules: rules.map((document, index) => ({
      rule: rule({ id: `rule-${index}`, ...document }),
      version: 1,
      state: 'live',
    })),
    deviceTypes: BUILT_IN_DEVICE_TYPES,
    campaigns: ['spring', 'summer'].map((id) => ({ id, name: id, budget, timezone: ZONE })),
    pacing: { perConsumer: pacing },
  });
  const ledger = countingLedger({
    codes: { pool: Array.from({ length: codes }, (_, index) => `C${index}`) },
  });
  const memories = new Map<string, Memory>();
  let now = START + 13 * 60 * MINUTE_MS;
  const steps = readings.map(({ who, event, minutes }, index) => {
    now += minutes * MINUTE_MS;
    const step = decide(
      rulebook,
      memories.get(who) ?? emptyMemory,
      {
        kind: 'reading',
        device: { id: `card-of-${who}`, type: 'card' },
        consumer: { ...WILLING, id: who },
        reading: { at: now, event },
        readingId: `${index}`,
      },
      now,
      ledger,
    );
    ledger.take(step.decisions, rulebook);
    memories.set(who, JSON.parse(JSON.stringify(step.memory)));
    return step.decisions;
  });
  return { steps, decisions: steps.flat() };
}

const sentOnes = (decisions: readonly Decision[]) =>
  decisions.filter(({ outcome }) => outcome.kind === 'sent');

/** Whether any window of this length holds more than so many. */
function exceeds(times: readonly number[], count: number, perMs: number): boolean {
  return times.some((from) => times.filter((time) => time >= from && time - from < perMs).length > count);
}

describe('pacing', () => {
  it('sends at most one offer a moment, and who is outranked lost to it', () => {
    fc.assert(
      fc.property(world, (given) => {
        for (const decisions of played(given).steps) {
          const sent = sentOnes(decisions);
          expect(sent.length).toBeLessThanOrEqual(1);
          const outranked = decisions.filter(
            ({ outcome }) => outcome.kind === 'suppressed' && outcome.reason === 'outranked',
          );
          if (outranked.length > 0) expect(sent).toHaveLength(1);
          const weight = (one: Decision) => given.rules[Number(one.rule.slice('rule-'.length))]?.weight ?? 1;
          for (const loser of outranked)
            expect(weight(loser)).toBeLessThanOrEqual(Math.max(...sent.map(weight)));
        }
      }),
    );
  });

  it('keeps every limit, for each person and for all together', () => {
    fc.assert(
      fc.property(world, (given) => {
        const { decisions } = played(given);
        const sent = sentOnes(decisions);
        for (const who of ['anna', 'ben', 'carla']) {
          const own = sent.filter(({ consumer }) => consumer === who);
          if (given.pacing)
            expect(
              exceeds(
                own.map(({ at }) => at),
                given.pacing.count,
                given.pacing.perMs,
              ),
            ).toBe(false);
          given.rules.forEach(({ limits: { cooldown, perConsumer } = {} }, index) => {
            const times = own.filter((one) => one.rule === `rule-${index}`).map(({ at }) => at);
            if (cooldown === 'PT7M') expect(exceeds(times, 1, 7 * MINUTE_MS)).toBe(false);
            if (cooldown === 'PT1H') expect(exceeds(times, 1, 60 * MINUTE_MS)).toBe(false);
            if (perConsumer)
              expect(
                exceeds(times, perConsumer.count, (perConsumer.count === 1 ? 30 : 120) * MINUTE_MS),
              ).toBe(false);
          });
        }
        given.rules.forEach(({ limits: { total } = {} }, index) => {
          if (total !== undefined)
            expect(sent.filter((one) => one.rule === `rule-${index}`).length).toBeLessThanOrEqual(total);
        });
        for (const campaign of ['spring', 'summer']) {
          const ours = sent.filter((one) => one.campaign === campaign);
          const { total, perDay }: { total?: number; perDay?: number } = given.budget;
          if (total !== undefined) expect(ours.length).toBeLessThanOrEqual(total);
          const byDay = Map.groupBy(ours, ({ at }) => dayOfCampaign({ timezone: ZONE }, at));
          if (perDay !== undefined)
            for (const day of byDay.values()) expect(day.length).toBeLessThanOrEqual(perDay);
        }
        const codes = sent.flatMap(({ outcome }) =>
          outcome.kind === 'sent' ? (outcome.offer.code ?? []) : [],
        );
        expect(new Set(codes).size).toBe(codes.length);
        expect(codes.length).toBeLessThanOrEqual(given.codes);
        for (const { outcome } of sent)
          if (outcome.kind === 'sent' && outcome.offer.codePool)
            expect(outcome.offer.title).toBe(outcome.offer.code);
      }),
    );
  });

  it('gives the same again', () => {
    fc.assert(
      fc.property(world, (given) => {
        expect(played(given)).toEqual(played(given));
      }),
      { numRuns: 30 },
    );
  });

  it('deals a consumer the same variant of a rule each time, and holds the same ones out', () => {
    fc.assert(
      fc.property(world, (given) => {
        const { decisions } = played(given);
        for (const ofOne of Map.groupBy(decisions, ({ rule, consumer }) => `${rule} ${consumer}`).values()) {
          const variants = new Set(ofOne.flatMap(({ variant }) => variant ?? []));
          expect(variants.size).toBeLessThanOrEqual(1);
          const reasons = ofOne.map(({ outcome }) => (outcome.kind === 'sent' ? 'sent' : outcome.reason));
          if (reasons.includes('holdout')) expect(reasons).not.toContain('sent');
        }
      }),
    );
  });
});

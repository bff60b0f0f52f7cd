import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide } from '../../rules/decide.ts';
import { BUILT_IN_DEVICE_TYPES } from '../../rules/device-type.ts';
import { emptyMemory, type Memory } from '../../rules/memory.ts';
import { compileRulebook } from '../../rules/rulebook.ts';
import { SUPPRESSION_REASONS, type Visit } from '../../rules/step.ts';
import { circle, play, point, rule, type TimedInput, timeOf, WILLING } from './scenario.ts';

const rulebook = compileRulebook({
  places: [
    circle('cafe', { radius: 100, tags: ['coffee'] }),
    circle('mall', { east: 150, radius: 400, tags: ['coffee', 'shops'] }),
    circle('far', { east: 3000, radius: 200 }),
  ],
  rules: [
    { id: 'hello', trigger: { place: { tag: 'coffee' }, on: 'enter' } },
    { id: 'bye', trigger: { place: { id: 'cafe' }, on: 'exit' }, limits: { cooldown: 'PT3M' } },
    { id: 'stay', trigger: { place: { tag: 'shops' }, on: 'dwell', for: 'PT2M' } },
    { id: 'long', trigger: { place: { tag: 'shops' }, on: 'dwell', for: 'PT20M' } },
    { id: 'fuel', trigger: { metric: { name: 'fuel', below: 0.2 } } },
    { id: 'fuel-stays', trigger: { metric: { name: 'fuel', below: 0.2, for: 'PT4M' } } },
    { id: 'thanks', trigger: { event: 'purchase' }, when: 'metrics.fuel < 0.5' },
  ].map((document) => ({ rule: rule(document), version: 1, state: 'live' as const })),
  deviceTypes: BUILT_IN_DEVICE_TYPES,
});

interface Said {
  readonly device: 'car-1' | 'phone-1';
  /** Seconds since the one before. */
  readonly after: number;
  /** Seconds from the device's clock to the arrival. */
  readonly delay: number;
  readonly east: number;
  readonly accuracy: number;
  readonly fuel: number | null;
  readonly event: boolean;
}

const said: fc.Arbitrary<Said> = fc.record({
  device: fc.constantFrom('car-1', 'phone-1'),
  after: fc.oneof(
    { weight: 5, arbitrary: fc.integer({ min: 0, max: 120 }) },
    { weight: 1, arbitrary: fc.integer({ min: 300, max: 30_000 }) },
  ),
  delay: fc.integer({ min: 0, max: 110 }),
  east: fc.integer({ min: -700, max: 700 }).chain((near) => fc.constantFrom(near, near, near, near + 3000)),
  accuracy: fc.constantFrom(5, 10, 60, 150, 900),
  fuel: fc.option(fc.constantFrom(0.1, 0.19, 0.205, 0.3), { freq: 2 }),
  event: fc.boolean(),
});

const journey = fc.array(said, { minLength: 1, maxLength: 60 });

function inputsOf(list: readonly Said[]): TimedInput[] {
  let now = timeOf('10:00:00');
  return list.map(({ device, after, delay, east, accuracy, fuel, event }, index) => {
    now += after * 1000;
    const reading = {
      at: now - delay * 1000,
      position: { ...point(east, 0), accuracy },
      ...(fuel === null ? {} : { metrics: { fuel } }),
      ...(event ? { event: 'purchase' } : {}),
    };
    const type = device === 'car-1' ? 'car' : 'phone';
    return {
      input: {
        kind: 'reading',
        device: { id: device, type },
        consumer: WILLING,
        reading,
        readingId: `${index}`,
      },
      now,
    };
  });
}

const span = ({ enteredAt, exitedAt }: Visit) => ({ from: enteredAt, to: exitedAt ?? Infinity });

describe('laws of visits and decisions', () => {
  it('a visit opens before it closes, and visits of one device and place never overlap', () => {
    fc.assert(
      fc.property(journey, (list) => {
        const { visits } = play(rulebook, inputsOf(list), true);
        for (const visit of visits) expect(span(visit).from).toBeLessThanOrEqual(span(visit).to);
        for (const [index, one] of visits.entries()) {
          for (const other of visits.slice(index + 1)) {
            if (one.device !== other.device || one.place !== other.place) continue;
            expect(span(one).to).toBeLessThanOrEqual(span(other).from);
          }
        }
      }),
      { numRuns: 150 },
    );
  });

  it('one cause brings one offer of one rule', () => {
    let seen = 0;
    fc.assert(
      fc.property(journey, (list) => {
        const sent = play(rulebook, inputsOf(list), true).decisions.filter(
          ({ outcome }) => outcome.kind === 'sent',
        );
        const keys = sent.map((decision) => `${decision.rule} ${decision.cause}`);
        expect(new Set(keys).size).toBe(keys.length);
        seen += keys.length;
      }),
      { numRuns: 150 },
    );
    expect(seen).toBeGreaterThan(150);
  });

  it('it does not matter whether ticks or the next reading come first, as long as nothing is overdue', () => {
    fc.assert(
      fc.property(journey, (list) => {
        // At most 2 min apart nothing is overdue by more than 2 min when the next reading comes.
        const inputs = inputsOf(list.map((one) => ({ ...one, after: Math.min(one.after, 120) })));
        expect(play(rulebook, inputs, false)).toEqual(play(rulebook, inputs, true));
      }),
      { numRuns: 150 },
    );
  });

  it('a replay gives the same steps, also with ticks at other moments', () => {
    fc.assert(
      fc.property(
        journey,
        fc.array(fc.integer({ min: 1, max: 6000 }), { maxLength: 20 }),
        (list, moments) => {
          const inputs = inputsOf(list);
          const ticks: TimedInput[] = moments.map((second) => ({
            input: { kind: 'tick', consumer: WILLING },
            now: timeOf('10:00:00') + second * 1000,
          }));
          const end = inputs.at(-1)?.now ?? 0;
          const mixed = [...inputs, ...ticks.filter(({ now }) => now < end)].sort((a, b) => a.now - b.now);
          expect(play(rulebook, mixed, true)).toEqual(play(rulebook, inputs, true));
        },
      ),
      { numRuns: 150 },
    );
  });

  it('late fixes change nothing', () => {
    fc.assert(
      fc.property(
        journey,
        fc.array(fc.tuple(fc.nat(60), fc.integer({ min: 121, max: 90_000 })), { maxLength: 10 }),
        (list, lates) => {
          const inputs = inputsOf(list);
          const withLate = inputs.flatMap((timed, index) => {
            const extra = lates
              .filter(([after]) => after === index)
              .map(
                ([, age], number): TimedInput => ({
                  input: {
                    kind: 'reading',
                    device: { id: 'car-1', type: 'car' },
                    consumer: WILLING,
                    reading: { at: timed.now - age * 1000, position: point(0, 0), metrics: { fuel: 0.1 } },
                    readingId: `late-${index}-${number}`,
                  },
                  now: timed.now,
                }),
              );
            return [timed, ...extra];
          });
          expect(play(rulebook, withLate, true)).toEqual(play(rulebook, inputs, true));
        },
      ),
      { numRuns: 150 },
    );
  });

  it('decisions and their reasons are explained, and the step asks to be woken only in the future', () => {
    fc.assert(
      fc.property(journey, (list) => {
        let memory: Memory = emptyMemory;
        for (const { input, now } of inputsOf(list)) {
          const before = JSON.stringify(memory);
          const step = decide(rulebook, memory, input, now);
          expect(JSON.stringify(memory)).toBe(before);
          expect(JSON.parse(JSON.stringify(step.memory))).toEqual(step.memory);
          if (step.wakeAt !== null) expect(step.wakeAt).toBeGreaterThan(now);
          for (const { outcome, detail } of step.decisions) {
            expect(detail.length).toBeGreaterThan(20);
            if (outcome.kind === 'suppressed') expect(SUPPRESSION_REASONS).toContain(outcome.reason);
          }
          memory = step.memory;
        }
      }),
      { numRuns: 100 },
    );
  });

  it('never throws on data, and stays small', () => {
    const name = fc.constantFrom('fuel', 'rpm', '__proto__', 'constructor', 'hasOwnProperty', 'x'.repeat(60));
    const value = fc.oneof(fc.double(), fc.boolean(), fc.string({ maxLength: 20 }));
    const reading = fc.record(
      {
        at: fc.oneof(
          fc.double(),
          fc.integer(),
          fc.integer({ min: timeOf('09:00:00'), max: timeOf('12:00:00') }),
        ),
        position: fc.record(
          {
            lat: fc.double({ min: -95, max: 95 }),
            lon: fc.double({ min: -190, max: 190 }),
            accuracy: fc.double(),
            speed: fc.double(),
            heading: fc.double(),
          },
          { requiredKeys: ['lat', 'lon'] },
        ),
        metrics: fc.dictionary(name, value),
        event: fc.constantFrom('purchase', '__proto__', 'toString', ''),
      },
      { requiredKeys: [] },
    );
    const device = fc.record({
      id: fc.constantFrom('a', '__proto__', 'constructor'),
      type: fc.constantFrom('car', 'fridge', 'nonsense', '__proto__'),
    });
    fc.assert(
      fc.property(fc.array(fc.tuple(device, reading), { maxLength: 40 }), (list) => {
        let memory: Memory = emptyMemory;
        let now = timeOf('10:00:00');
        for (const [index, [device, reading]] of list.entries()) {
          now += 1000;
          memory = decide(
            rulebook,
            memory,
            { kind: 'reading', device, consumer: WILLING, reading, readingId: `${index}` },
            now,
          ).memory;
        }
        expect(JSON.stringify(memory).length).toBeLessThan(20_000);
      }),
      { numRuns: 200 },
    );
  });
});

import { createRandom } from '../../devices-sim/city/model/random.ts';
import { compileCondition } from '../../rules/condition/condition.ts';
import { situationOf } from '../../rules/condition/situation.ts';
import { EVERYTHING } from '../../rules/condition/view.ts';
import { decide } from '../../rules/decide.ts';
import { parseRule, type Rule } from '../../rules/document/rule.ts';
import { emptyMemory, type Memory } from '../../rules/memory.ts';
import { type Place, parsePlace } from '../../rules/places/place.ts';
import { BUILT_IN_DEVICE_TYPES } from '../../rules/readings/device-type.ts';
import { compileRulebook, type Rulebook } from '../../rules/rulebook.ts';
import { type ConsumerFacts, type Input, PURPOSES } from '../../rules/step.ts';
import type { Bench, BenchRow } from './bench.ts';

const CARS = 200;
/** Domain time between two readings of a car. */
const EVERY_MS = 5_000;
const START = Date.UTC(2026, 4, 4, 12);
const CENTRE = { lat: 53.08, lon: 8.8 };
const PLACES_A_SIDE = 30;
const STEP_DEGREES = 0.006;
const FEW = 10;
const MANY = 10_000;
const ROUND_MS = 3_000;
const WARM_UP_MS = 1_500;
/** A pass over all rules is slow enough for few readings to tell. */
const LINEAR_ROUND_MS = 1_500;
const ROUNDS = 3;

const OTHERS = 'of other places, metrics and events';
const CONCERNED = 'of these places and metrics';
type Kind = typeof OTHERS | typeof CONCERNED;

/** One car that goes from side to side, at 14 m/s, through the places on its way. */
interface Car {
  readonly consumer: ConsumerFacts;
  readonly device: { readonly id: string; readonly type: string };
  memory: Memory;
  lat: number;
  lon: number;
  eastwards: boolean;
}

/** Circles of 150 m, 600 m apart: a car on its way is inside of one for half of the time. */
function cityPlaces(): readonly Place[] {
  return Array.from({ length: PLACES_A_SIDE ** 2 }, (_, n) => {
    const lat = CENTRE.lat + (Math.floor(n / PLACES_A_SIDE) - PLACES_A_SIDE / 2) * STEP_DEGREES;
    const lon = CENTRE.lon + ((n % PLACES_A_SIDE) - PLACES_A_SIDE / 2) * STEP_DEGREES;
    const parsed = parsePlace(`place-${n}`, {
      type: 'Feature',
      geometry: { type: 'Point', coordinates: [lon, lat] },
      properties: { radiusMetres: 150, tags: [n % 2 === 0 ? 'coffee' : 'fuel_station'] },
    });
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    return parsed.value;
  });
}

function ruleDocument(n: number, kind: Kind): object {
  const shared = {
    id: `rule-${n}`,
    limits: { cooldown: 'PT6H' },
    offer: { title: 'An offer', body: 'Near you' },
  };
  const when = `metrics.fuel < ${0.01 + (n % 5) / 100} && device.type == "car"`;
  if (kind === CONCERNED) {
    const triggers = [
      { place: { tag: 'fuel_station' }, on: 'enter' },
      { place: { tag: 'coffee' }, on: 'dwell', for: 'PT10S' },
      { place: { tag: 'coffee' }, on: 'exit' },
      { metric: { name: 'fuel', below: 0.1 } },
    ];
    return { ...shared, trigger: triggers[n % triggers.length], when };
  }
  const triggers = [
    { place: { tag: `elsewhere-${n}` }, on: 'enter' },
    { place: { tag: `elsewhere-${n}` }, on: 'dwell', for: 'PT5M' },
    { metric: { name: 'temperature', above: n % 30, for: 'PT10M' } },
    { event: `event-${n}` },
  ];
  const trigger = triggers[n % triggers.length];
  return { ...shared, trigger, ...(trigger !== undefined && 'place' in trigger ? { when } : {}) };
}

function rulesOf(count: number, kind: Kind): readonly Rule[] {
  return Array.from({ length: count }, (_, n) => {
    const parsed = parseRule(ruleDocument(n, kind), { deviceTypes: BUILT_IN_DEVICE_TYPES });
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    return parsed.value;
  });
}

function rulebookOf(places: readonly Place[], rules: readonly Rule[]): Rulebook {
  return compileRulebook({
    places,
    rules: rules.map((rule) => ({ rule, version: 1, state: 'live' as const })),
    deviceTypes: BUILT_IN_DEVICE_TYPES,
  });
}

function fleet(): readonly Car[] {
  const random = createRandom(7);
  const side = PLACES_A_SIDE * STEP_DEGREES;
  return Array.from({ length: CARS }, (_, n) => ({
    consumer: {
      id: `person-${n}`,
      timezone: 'Europe/Berlin',
      quietHours: null,
      granted: PURPOSES,
      attributes: {},
      reachable: true,
      responses: {},
    },
    device: { id: `car-${n}`, type: 'car' },
    memory: emptyMemory,
    lat: CENTRE.lat + (random.next() - 0.5) * side,
    lon: CENTRE.lon + (random.next() - 0.5) * side,
    eastwards: random.chance(0.5),
  }));
}

/** All cars report once: a position and two metrics that every rule of another kind passes over. */
function* readings(): Generator<{ readonly car: Car; readonly input: Input; readonly now: number }> {
  const cars = fleet();
  const half = (PLACES_A_SIDE * STEP_DEGREES) / 2;
  for (let round = 0; ; round += 1) {
    const now = START + round * EVERY_MS;
    for (const [n, car] of cars.entries()) {
      car.lon += car.eastwards ? 0.001 : -0.001;
      if (Math.abs(car.lon - CENTRE.lon) > half) car.eastwards = car.lon < CENTRE.lon;
      const position = { lat: car.lat, lon: car.lon, accuracy: 8 };
      const metrics = { fuel: ((round + n) % 100) / 100, rpm: 2_000 + (round % 500) };
      const { device, consumer } = car;
      const readingId = String(round * CARS + n);
      yield {
        car,
        now,
        input: { kind: 'reading', device, consumer, readingId, reading: { at: now, position, metrics } },
      };
    }
  }
}

interface Measured {
  readonly perSecond: number;
  readonly visits: number;
  readonly decisions: number;
}

function measure(rulebook: Rulebook): Measured {
  const stream = readings();
  const run = (forMs: number) => {
    let [steps, visits, decisions] = [0, 0, 0];
    const started = performance.now();
    let elapsed = 0;
    for (; elapsed < forMs; steps += 1) {
      const next = stream.next();
      if (next.done) break;
      const { car, input, now } = next.value;
      const step = decide(rulebook, car.memory, input, now);
      car.memory = step.memory;
      visits += step.visits.length;
      decisions += step.decisions.length;
      if (steps % 256 === 0) elapsed = performance.now() - started;
    }
    return { perSecond: (steps / elapsed) * 1_000, visits, decisions };
  };
  run(WARM_UP_MS);
  return run(ROUND_MS);
}

/** How a list of rules is gone through where nothing says which of them a reading can concern: each condition, each time. */
function measureLinear(count: number): number {
  const trigger = { kind: 'place', place: { kind: 'tag', tag: 'any' }, on: 'enter' } as const;
  const conditions = Array.from({ length: count }, (_, n) => {
    const condition = compileCondition(
      `metrics.fuel < ${0.01 + (n % 5) / 100} && device.type == "car"`,
      trigger,
      { deviceTypes: BUILT_IN_DEVICE_TYPES },
    );
    if (!condition.ok) throw new Error(JSON.stringify(condition.problems));
    return condition.value;
  });
  const rulebook = rulebookOf([], []);
  const stream = readings();
  let steps = 0;
  const started = performance.now();
  let elapsed = 0;
  for (; elapsed < LINEAR_ROUND_MS; steps += 1) {
    const next = stream.next();
    if (next.done) break;
    const { car, input, now } = next.value;
    car.memory = decide(rulebook, car.memory, input, now).memory;
    const device = car.memory.devices[car.device.id] ?? null;
    const situation = situationOf({
      deviceId: car.device.id,
      device,
      consumer: car.consumer,
      place: null,
      visit: null,
      segments: null,
      at: now,
      view: EVERYTHING,
    });
    for (const condition of conditions) condition.holds(situation);
    elapsed = performance.now() - started;
  }
  return (steps / elapsed) * 1_000;
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

/** What a reading costs by the number of rules that it does not concern, and of rules that it does. */
export const rulesBench: Bench = {
  name: 'rules',
  about: `decide steps a second with ${FEW} and ${MANY} live rules, on one thread`,
  async run(progress) {
    const places = cityPlaces();
    const contenders: readonly { readonly subject: string; readonly rulebook: Rulebook }[] = [
      { subject: `${FEW} rules ${OTHERS}`, rulebook: rulebookOf(places, rulesOf(FEW, OTHERS)) },
      { subject: `${MANY} rules ${OTHERS}`, rulebook: rulebookOf(places, rulesOf(MANY, OTHERS)) },
      { subject: `${FEW} rules ${CONCERNED}`, rulebook: rulebookOf(places, rulesOf(FEW, CONCERNED)) },
    ];
    const figures = new Map<string, Measured[]>();
    // In turn, so that what else the machine does falls on all of them.
    for (let round = 1; round <= ROUNDS; round += 1) {
      for (const { subject, rulebook } of contenders) {
        progress(`round ${round} of ${ROUNDS}: ${subject}`);
        figures.set(subject, [...(figures.get(subject) ?? []), measure(rulebook)]);
      }
    }
    const rows: BenchRow[] = contenders.map(({ subject }) => {
      const measured = figures.get(subject) ?? [];
      const perSecond = median(measured.map((one) => one.perSecond));
      const { visits = 0, decisions = 0 } = measured[0] ?? {};
      return {
        subject,
        figures: { 'steps/s': perSecond, 'µs each': 1e6 / perSecond, 'visits changed': visits, decisions },
      };
    });
    for (const count of [FEW, MANY]) {
      progress(`each condition with each reading: ${count} rules`);
      const perSecond = measureLinear(count);
      rows.push({
        subject: `each condition evaluated with each reading, ${count} rules`,
        figures: { 'steps/s': perSecond, 'µs each': 1e6 / perSecond },
      });
    }
    const [few, many, concerned] = rows.map((row) => Number(row.figures['steps/s']));
    return {
      name: 'rules',
      conditions: `one thread; ${CARS} cars of ${CARS} people report a position and two metrics every ${EVERY_MS / 1000} s, on their way through ${places.length} circles of 150 m; medians of ${ROUNDS} rounds of ${ROUND_MS / 1000} s`,
      columns: ['steps/s', 'µs each', 'visits changed', 'decisions'],
      rows,
      ratios: [
        {
          name: `cost with ${MANY} rules that a reading does not concern ÷ with ${FEW}`,
          value: (few ?? Number.NaN) / (many ?? Number.NaN),
          aim: '≤ 1.5',
        },
        { name: `decide steps/s with ${MANY} rules`, value: many ?? Number.NaN, aim: '≥ 100,000' },
        {
          name: `decide steps/s with ${FEW} rules that readings do concern`,
          value: concerned ?? Number.NaN,
          aim: '≥ 100,000',
        },
      ],
    };
  },
};

import { decide } from '../../rules/decide.ts';
import { BUILT_IN_DEVICE_TYPES } from '../../rules/device-type.ts';
import { emptyMemory, type Memory } from '../../rules/memory.ts';
import { type Place, parsePlace } from '../../rules/place.ts';
import type { Parsed } from '../../rules/problem.ts';
import type { MetricValue } from '../../rules/reading.ts';
import { parseRule, type Rule } from '../../rules/rule.ts';
import type { RuleState } from '../../rules/rule-set.ts';
import { compileRulebook, type Rulebook } from '../../rules/rulebook.ts';
import type { ConsumerFacts, Decision, Input, Purpose, QuietHours, Visit } from '../../rules/step.ts';

/** A behaviour case as a data file tells it. Times are `HH:MM:SS` of one day, UTC. */
export interface Case {
  readonly name: string;
  /** The sentence of the design that it stands for. */
  readonly says: string;
  /** Circles by id: metres east and north of the middle, and a radius. */
  readonly places: Readonly<Record<string, CasePlace>>;
  readonly rules?: readonly (Readonly<Record<string, unknown>> & {
    readonly id: string;
    readonly state?: RuleState;
  })[];
  readonly consumer?: Partial<{
    timezone: string;
    quietHours: QuietHours;
    granted: Purpose[];
    reachable: boolean;
  }>;
  /** Without a link nothing is decided. */
  readonly linked?: false;
  /** The engine ticks when a subject asked for it; `none`: the gateway was down in between. */
  readonly ticks?: 'none';
  readonly fixes: readonly CaseReading[];
  /** Time of a last tick. */
  readonly until?: string;
  /** `car-1 cafe 10:00:00` (open), `car-1 cafe 10:00:00 10:07:00 exit`: every visit as it is in the end. */
  readonly visits?: readonly string[];
  /** `10:00:00 rule-id sent`, `10:00:00 rule-id condition_false`, in order. */
  readonly decisions?: readonly string[];
}

export interface CasePlace {
  readonly east?: number;
  readonly north?: number;
  readonly radius: number;
  readonly tags?: readonly string[];
  readonly timezone?: string;
}

export interface CaseReading {
  /** What the device says; absent: it says none. */
  readonly at?: string;
  /** Arrival, where it is not `at`. */
  readonly arrives?: string;
  readonly device?: string;
  /** Metres from the middle; absent: no position. */
  readonly east?: number;
  readonly north?: number;
  readonly accuracy?: number;
  readonly metrics?: Readonly<Record<string, MetricValue>>;
  readonly event?: string;
}

/** 2026-03-02, a Monday. */
const DAY = Date.UTC(2026, 2, 2);
const MIDDLE = { lat: 53.08, lon: 8.8 };
const METRES_PER_DEGREE = (6_378_137 * Math.PI) / 180;

export function timeOf(text: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = text.split(':').map(Number);
  return DAY + ((hours * 60 + minutes) * 60 + seconds) * 1000;
}

const clock = (at: number): string => new Date(at).toISOString().slice(11, 19);

/** Degrees of a point given in metres from the middle of the map. */
export function point(east: number, north: number): { readonly lat: number; readonly lon: number } {
  return {
    lat: MIDDLE.lat + north / METRES_PER_DEGREE,
    lon: MIDDLE.lon + east / (METRES_PER_DEGREE * Math.cos((MIDDLE.lat * Math.PI) / 180)),
  };
}

export function must<T>(parsed: Parsed<T>): T {
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems, null, 1));
  return parsed.value;
}

export function circle(id: string, place: CasePlace): Place {
  const { lat, lon } = point(place.east ?? 0, place.north ?? 0);
  return must(
    parsePlace(id, {
      type: 'Feature',
      geometry: { type: 'Point', coordinates: [lon, lat] },
      properties: {
        radiusMetres: place.radius,
        tags: place.tags ?? [],
        ...(place.timezone ? { timezone: place.timezone } : {}),
      },
    }),
  );
}

export function rule(document: Readonly<Record<string, unknown>>): Rule {
  const offer = { title: 'An offer', body: 'for you' };
  return must(parseRule({ offer, ...document }, { deviceTypes: BUILT_IN_DEVICE_TYPES }));
}

/** Everybody's consumer: agrees to everything, keeps no quiet hours, has a browser. */
export const WILLING: ConsumerFacts = {
  id: 'anna',
  timezone: null,
  quietHours: null,
  granted: ['location_offers', 'device_offers', 'health_offers'],
  attributes: { vip: true },
  reachable: true,
};

export interface TimedInput {
  readonly input: Input;
  readonly now: number;
}

export interface Outcome {
  readonly decisions: readonly Decision[];
  /** Every visit as it is in the end, in the order of opening. */
  readonly visits: readonly Visit[];
  readonly memory: Memory;
}

/** Hands inputs over in order, as the engine does; with `ticks`, also a tick whenever the subject asked for one. */
export function play(
  rulebook: Rulebook,
  inputs: readonly TimedInput[],
  ticks: boolean,
  consumer: ConsumerFacts | null = WILLING,
): Outcome {
  let memory: Memory = emptyMemory;
  let wakeAt: number | null = null;
  const decisions: Decision[] = [];
  const visits = new Map<string, Visit>();
  const step = (input: Input, now: number) => {
    const result = decide(rulebook, memory, input, now);
    // Memory is kept as JSON between steps.
    memory = JSON.parse(JSON.stringify(result.memory));
    wakeAt = result.wakeAt;
    decisions.push(...result.decisions);
    for (const visit of result.visits) visits.set(visit.id, visit);
  };
  for (const { input, now } of inputs) {
    while (ticks && wakeAt !== null && wakeAt < now) step({ kind: 'tick', consumer }, wakeAt);
    step(input, now);
  }
  return { decisions, visits: [...visits.values()], memory };
}

/** Plays a case. @param ticks whether the engine ticks in between */
export function playCase(
  one: Case,
  ticks: boolean,
): { readonly visits: string[]; readonly decisions: string[] } {
  const consumer: ConsumerFacts | null = one.linked === false ? null : { ...WILLING, ...one.consumer };
  const places = Object.entries(one.places).map(([id, place]) => circle(id, place));
  const rules = (one.rules ?? []).map(({ state, ...document }) => ({
    rule: rule(document),
    version: 1,
    state: state ?? ('live' as const),
  }));
  const rulebook = compileRulebook({ places, rules, deviceTypes: BUILT_IN_DEVICE_TYPES });
  const inputs: TimedInput[] = one.fixes.map((fix, index) => {
    const { device = 'car-1', at, arrives, east, north, accuracy, metrics, event } = fix;
    const hasPosition = east !== undefined || north !== undefined;
    const position = { ...point(east ?? 0, north ?? 0), ...(accuracy === undefined ? {} : { accuracy }) };
    const reading = {
      ...(at === undefined ? {} : { at: timeOf(at) }),
      ...(hasPosition ? { position } : {}),
      ...(metrics ? { metrics } : {}),
      ...(event ? { event } : {}),
    };
    const type = device.replace(/-\d+$/, '');
    return {
      input: { kind: 'reading', device: { id: device, type }, consumer, reading, readingId: `${index + 1}` },
      now: timeOf(arrives ?? at ?? '00:00:00'),
    };
  });
  if (one.until) inputs.push({ input: { kind: 'tick', consumer }, now: timeOf(one.until) });
  const outcome = play(rulebook, inputs, ticks, consumer);
  return {
    visits: outcome.visits.map(({ device, place, enteredAt, exitedAt, endedBy }) =>
      [device, place, clock(enteredAt), ...(exitedAt === undefined ? [] : [clock(exitedAt), endedBy])].join(
        ' ',
      ),
    ),
    decisions: outcome.decisions.map(
      ({ at, rule, outcome }) => `${clock(at)} ${rule} ${outcome.kind === 'sent' ? 'sent' : outcome.reason}`,
    ),
  };
}

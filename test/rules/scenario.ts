import { decide } from '../../rules/decide.ts';
import { parseCampaign } from '../../rules/document/campaign.ts';
import type { Parsed } from '../../rules/document/problem.ts';
import { parseRule, type Rule } from '../../rules/document/rule.ts';
import { parseSegment } from '../../rules/document/segment.ts';
import { emptyMemory, type Memory } from '../../rules/memory.ts';
import { NO_PACING, parsePacing } from '../../rules/pacing/pacing.ts';
import { type Place, parsePlace } from '../../rules/places/place.ts';
import { parseSensitiveZone, type SensitiveZone } from '../../rules/places/sensitive-zone.ts';
import { BUILT_IN_DEVICE_TYPES } from '../../rules/readings/device-type.ts';
import type { MetricValue } from '../../rules/readings/reading.ts';
import type { RuleState } from '../../rules/rule-set.ts';
import { compileRulebook, type Rulebook } from '../../rules/rulebook.ts';
import type {
  ConsumerFacts,
  Decision,
  Input,
  OfferResponse,
  Purpose,
  QuietHours,
  Visit,
} from '../../rules/step.ts';
import { type CountingLedger, countingLedger, type LedgerStart } from './counting-ledger.ts';

/** A behaviour case as a data file tells it. Times are `HH:MM:SS` of one day, UTC. */
export interface Case {
  readonly name: string;
  /** The sentence of the design that it stands for. */
  readonly says: string;
  /** Latitude and longitude of the middle of the map; Bremen where it does not matter. */
  readonly middle?: readonly [number, number];
  readonly places: Readonly<Record<string, CasePlace>>;
  /** Sensitive zones: circles with a margin round them. */
  readonly zones?: Readonly<Record<string, CaseZone>>;
  readonly rules?: readonly (Readonly<Record<string, unknown>> & {
    readonly id: string;
    readonly state?: RuleState;
  })[];
  readonly consumer?: Partial<{
    timezone: string;
    quietHours: QuietHours;
    granted: Purpose[];
    reachable: boolean;
    attributes: Record<string, unknown>;
    responses: Record<string, OfferResponse>;
  }>;
  /** Of which rules the consumer wants fewer offers, and when the last one had come when they asked. */
  readonly fewer?: Readonly<Record<string, { readonly level: 1 | 2; readonly since: string }>>;
  /** Documents. */
  readonly segments?: readonly unknown[];
  readonly campaigns?: readonly unknown[];
  readonly pacing?: unknown;
  /** What was sent before, and the codes that are there. */
  readonly ledger?: LedgerStart;
  /** Without a link nothing is decided. */
  readonly linked?: false;
  /** The engine ticks when a subject asked for it; `none`: the gateway was down in between. */
  readonly ticks?: 'none';
  readonly fixes: readonly (CaseReading | CaseEdit)[];
  /** Time of a last tick. */
  readonly until?: string;
  /** `car-1 cafe 10:00:00` (open), `car-1 cafe 10:00:00 10:07:00 exit`: every visit as it is in the end. */
  readonly visits?: readonly string[];
  /** `10:00:00 rule-id sent`, `10:00:00 rule-id condition_false`, in order; with a code, `10:00:00 rule-id sent A1`. */
  readonly decisions?: readonly string[];
  /** The sentence with each decision. */
  readonly details?: readonly string[];
}

/** Metres east and north of the middle. */
type CasePoint = readonly [number, number];

/** A circle by its radius, a polygon, several of them (each the outer ring, then holes), or a corridor, to either side of a line. */
export interface CasePlace {
  readonly east?: number;
  readonly north?: number;
  readonly radius?: number;
  readonly polygon?: readonly CasePoint[];
  readonly polygons?: readonly (readonly (readonly CasePoint[])[])[];
  readonly line?: readonly CasePoint[];
  readonly corridor?: number;
  readonly tags?: readonly string[];
  readonly timezone?: string;
}

export interface CaseZone {
  readonly east?: number;
  readonly north?: number;
  readonly radius: number;
  readonly margin: number;
}

/** Somebody changes the map: places and zones by id, null for those that are deleted. */
export interface CaseEdit {
  readonly at: string;
  readonly edit: {
    readonly places?: Readonly<Record<string, CasePlace | null>>;
    readonly zones?: Readonly<Record<string, CaseZone | null>>;
  };
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
  readonly speed?: number;
  readonly heading?: number;
  readonly metrics?: Readonly<Record<string, MetricValue>>;
  readonly event?: string;
}

/** 2026-03-02, a Monday. */
const DAY = Date.UTC(2026, 2, 2);
const MIDDLE = [53.08, 8.8] as const;
const METRES_PER_DEGREE = (6_378_137 * Math.PI) / 180;

export function timeOf(text: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = text.split(':').map(Number);
  return DAY + ((hours * 60 + minutes) * 60 + seconds) * 1000;
}

const clock = (at: number): string => new Date(at).toISOString().slice(11, 19);

/** Degrees of a point given in metres from the middle of the map. */
export function point(
  east: number,
  north: number,
  [lat, lon]: readonly [number, number] = MIDDLE,
): { readonly lat: number; readonly lon: number } {
  const away = lon + east / (METRES_PER_DEGREE * Math.cos((lat * Math.PI) / 180));
  return {
    lat: lat + north / METRES_PER_DEGREE,
    lon: away > 180 ? away - 360 : away < -180 ? away + 360 : away,
  };
}

export function must<T>(parsed: Parsed<T>): T {
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems, null, 1));
  return parsed.value;
}

export function circle(id: string, place: CasePlace): Place {
  return placeOf(id, place, MIDDLE);
}

function placeOf(id: string, place: CasePlace, middle: readonly [number, number]): Place {
  const coordinates = ([east, north]: CasePoint) => {
    const { lat, lon } = point(east, north, middle);
    return [lon, lat];
  };
  const ring = (corners: readonly CasePoint[]) => [...corners, ...corners.slice(0, 1)].map(coordinates);
  const { east = 0, north = 0, radius, polygon, polygons, line, corridor, tags = [], timezone } = place;
  const geometry = polygon
    ? { type: 'Polygon', coordinates: [ring(polygon)] }
    : polygons
      ? { type: 'MultiPolygon', coordinates: polygons.map((rings) => rings.map(ring)) }
      : line
        ? { type: 'LineString', coordinates: line.map(coordinates) }
        : { type: 'Point', coordinates: coordinates([east, north]) };
  return must(
    parsePlace(id, {
      type: 'Feature',
      geometry,
      properties: {
        tags,
        ...(radius === undefined ? {} : { radiusMetres: radius }),
        ...(corridor === undefined ? {} : { corridorMetres: corridor }),
        ...(timezone === undefined ? {} : { timezone }),
      },
    }),
  );
}

export function zone(id: string, said: CaseZone): SensitiveZone {
  return zoneOf(id, said, MIDDLE);
}

function zoneOf(id: string, zone: CaseZone, middle: readonly [number, number]): SensitiveZone {
  const { lat, lon } = point(zone.east ?? 0, zone.north ?? 0, middle);
  return must(
    parseSensitiveZone(id, {
      type: 'Feature',
      geometry: { type: 'Point', coordinates: [lon, lat] },
      properties: { radiusMetres: zone.radius, marginMetres: zone.margin, category: 'health_care' },
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
  /** In force from here on. */
  readonly rulebook?: Rulebook;
}

export interface Outcome {
  readonly decisions: readonly Decision[];
  /** Every visit as it is in the end, in the order of opening. */
  readonly visits: readonly Visit[];
  readonly memory: Memory;
}

/** Hands inputs over in order, as the engine does; with `ticks`, also a tick whenever the subject asked for one. */
export function play(
  first: Rulebook,
  inputs: readonly TimedInput[],
  ticks: boolean,
  consumer: ConsumerFacts | null = WILLING,
  ledger: CountingLedger = countingLedger(),
): Outcome {
  let rulebook = first;
  let memory: Memory = emptyMemory;
  let wakeAt: number | null = null;
  const decisions: Decision[] = [];
  const visits = new Map<string, Visit>();
  const step = (input: Input, now: number) => {
    const result = decide(rulebook, memory, input, now, ledger);
    ledger.take(result.decisions, rulebook);
    // Memory is kept as JSON between steps.
    memory = JSON.parse(JSON.stringify(result.memory));
    wakeAt = result.wakeAt;
    decisions.push(...result.decisions);
    for (const visit of result.visits) visits.set(visit.id, visit);
  };
  for (const { input, now, rulebook: changed } of inputs) {
    while (ticks && wakeAt !== null && wakeAt < now) step({ kind: 'tick', consumer }, wakeAt);
    rulebook = changed ?? rulebook;
    step(input, now);
  }
  return { decisions, visits: [...visits.values()], memory };
}

/** Plays a case. @param ticks whether the engine ticks in between */
export function playCase(
  one: Case,
  ticks: boolean,
): { readonly visits: string[]; readonly decisions: string[]; readonly details: string[] } {
  const fewer = Object.fromEntries(
    Object.entries(one.fewer ?? {}).map(([id, { level, since }]) => [id, { level, since: timeOf(since) }]),
  );
  const consumer: ConsumerFacts | null = one.linked === false ? null : { ...WILLING, ...one.consumer, fewer };
  const middle = one.middle ?? MIDDLE;
  const rules = (one.rules ?? []).map(({ state, ...document }) => ({
    rule: rule(document),
    version: 1,
    state: state ?? ('live' as const),
  }));
  const places = new Map<string, CasePlace>(Object.entries(one.places));
  const zones = new Map<string, CaseZone>(Object.entries(one.zones ?? {}));
  const rulebook = () =>
    compileRulebook({
      places: [...places].map(([id, place]) => placeOf(id, place, middle)),
      zones: [...zones].map(([id, zone]) => zoneOf(id, zone, middle)),
      rules,
      deviceTypes: BUILT_IN_DEVICE_TYPES,
      segments: (one.segments ?? []).map((document) => must(parseSegment(document))),
      campaigns: (one.campaigns ?? []).map((document) => must(parseCampaign(document))),
      pacing: one.pacing === undefined ? NO_PACING : must(parsePacing(one.pacing)),
    });
  const first = rulebook();
  const inputs: TimedInput[] = one.fixes.map((said, index) => {
    if (!('edit' in said)) return readingOf(said, `${index + 1}`, consumer, middle);
    edit(places, said.edit.places);
    edit(zones, said.edit.zones);
    return { input: { kind: 'tick', consumer }, now: timeOf(said.at), rulebook: rulebook() };
  });
  if (one.until) inputs.push({ input: { kind: 'tick', consumer }, now: timeOf(one.until) });
  const outcome = play(first, inputs, ticks, consumer, countingLedger(one.ledger));
  return {
    visits: outcome.visits.map(({ device, place, enteredAt, exitedAt, endedBy }) =>
      [device, place, clock(enteredAt), ...(exitedAt === undefined ? [] : [clock(exitedAt), endedBy])].join(
        ' ',
      ),
    ),
    decisions: outcome.decisions.map(({ at, rule, outcome }) => `${clock(at)} ${rule} ${wordsOf(outcome)}`),
    details: outcome.decisions.map(({ detail }) => detail),
  };
}

function wordsOf(outcome: Decision['outcome']): string {
  if (outcome.kind === 'suppressed') return outcome.reason;
  return outcome.offer.code === undefined ? 'sent' : `sent ${outcome.offer.code}`;
}

function edit<T>(known: Map<string, T>, changes: Readonly<Record<string, T | null>> = {}): void {
  for (const [id, change] of Object.entries(changes)) {
    if (change === null) known.delete(id);
    else known.set(id, change);
  }
}

function readingOf(
  said: CaseReading,
  readingId: string,
  consumer: ConsumerFacts | null,
  middle: readonly [number, number],
): TimedInput {
  const { device = 'car-1', at, arrives, east, north, accuracy, speed, heading, metrics, event } = said;
  const hasPosition = east !== undefined || north !== undefined;
  const position = {
    ...point(east ?? 0, north ?? 0, middle),
    ...(accuracy === undefined ? {} : { accuracy }),
    ...(speed === undefined ? {} : { speed }),
    ...(heading === undefined ? {} : { heading }),
  };
  const reading = {
    ...(at === undefined ? {} : { at: timeOf(at) }),
    ...(hasPosition ? { position } : {}),
    ...(metrics ? { metrics } : {}),
    ...(event ? { event } : {}),
  };
  const type = device.replace(/-\d+$/, '');
  return {
    input: { kind: 'reading', device: { id: device, type }, consumer, reading, readingId },
    now: timeOf(arrives ?? at ?? '00:00:00'),
  };
}

import type { Decision, SuppressionReason } from '../../rules/step.ts';
import { HOUR_MS } from '../../rules/time/duration.ts';
import { Journeys } from './journeys.ts';
import type { BacktestCounts, SampledDecision } from './report.ts';
import { Sample } from './sample.ts';
import type { SimulationObserver } from './simulation.ts';

/** Decisions of each outcome that a report shows. */
const SAMPLED_DECISIONS = 100;
const MOST_PLACES = 1_000;
const SEED = 1;

interface Counted {
  sent: number;
  suppressed: number;
}

export interface TallyParts {
  readonly ruleId: string;
  /** Inclusive; what was decided before it is part of the warm-up. */
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
  /** Ids, by index. */
  readonly devices: readonly { readonly id: string; readonly owner: number }[];
  readonly people: number;
  /** Other rules that take part. */
  readonly otherRules: number;
  placeName(id: string): string;
}

export interface Tally extends SimulationObserver {
  counts(): BacktestCounts;
}

/** Counts what a rule decided within a time. */
export function createTally(parts: TallyParts): Tally {
  const { ruleId, from, to } = parts;
  let readings = 0;
  let positions = 0;
  let sent = 0;
  let sentByOthers = 0;
  const heard = new Uint8Array(parts.devices.length);
  const reached = new Uint8Array(parts.people);
  const suppressed = new Map<SuppressionReason, number>();
  const perHour = new Map<number, Counted>();
  const perPlace = new Map<string, Counted>();
  const perVariant = new Map<string, Counted>();
  const samples = {
    sent: new Sample<SampledDecision>(SAMPLED_DECISIONS, SEED),
    suppressed: new Sample<SampledDecision>(SAMPLED_DECISIONS, SEED),
  };
  const journeys = new Journeys(parts.devices.length);
  const indexOf = new Map(parts.devices.map(({ id }, index) => [id, index]));

  function note(owner: number, decision: Decision): void {
    const { outcome } = decision;
    if (outcome.kind === 'sent') {
      sent += 1;
      reached[owner] = 1;
    } else suppressed.set(outcome.reason, (suppressed.get(outcome.reason) ?? 0) + 1);
    count(perHour, Math.floor(decision.at / HOUR_MS) * HOUR_MS, outcome.kind);
    if (decision.place !== undefined) count(perPlace, decision.place, outcome.kind);
    if (decision.variant !== undefined) count(perVariant, decision.variant, outcome.kind);
    samples[outcome.kind].offer(() => sampled(decision));
    const device = indexOf.get(decision.device);
    if (device !== undefined) journeys.decided(device, sampled(decision));
  }

  return {
    reading(device, receivedAt, position) {
      if (position !== undefined) journeys.moved(device, receivedAt, position.lat, position.lon);
      if (receivedAt < from) return;
      readings += 1;
      if (position !== undefined) positions += 1;
      heard[device] = 1;
    },
    decided(owner, decisions) {
      for (const decision of decisions) {
        if (decision.at < from || decision.at >= to) continue;
        if (decision.rule === ruleId) note(owner, decision);
        else if (decision.outcome.kind === 'sent') sentByOthers += 1;
      }
    },
    counts() {
      const owners = new Set<number>();
      parts.devices.forEach(({ owner }, index) => {
        if (heard[index] === 1) owners.add(owner);
      });
      const places = [...perPlace].sort(
        ([a, one], [b, other]) =>
          other.sent - one.sent || other.suppressed - one.suppressed || (a < b ? -1 : 1),
      );
      const sample = [...samples.sent.kept, ...samples.suppressed.kept].sort((a, b) => a.at - b.at);
      return {
        readings,
        positions,
        devices: heard.reduce((sum, one) => sum + one, 0),
        consumers: owners.size,
        consumersReached: reached.reduce((sum, one) => sum + one, 0),
        decisions: { sent, suppressed: Object.fromEntries(suppressed) },
        perHour: [...perHour].sort(([a], [b]) => a - b).map(([at, counted]) => ({ at, ...counted })),
        perPlace: places
          .slice(0, MOST_PLACES)
          .map(([place, counted]) => ({ place, name: parts.placeName(place), ...counted })),
        perVariant: [...perVariant]
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([variant, counted]) => ({ variant, ...counted })),
        otherRules: { rules: parts.otherRules, sent: sentByOthers },
        decisionsSample: sample,
        journeys: journeys.collection(),
        truncated: {
          perPlace: places.length > MOST_PLACES,
          decisionsSample: samples.sent.isPart || samples.suppressed.isPart,
          journeys: journeys.isPart,
        },
      };
    },
  };
}

function count<K>(counts: Map<K, Counted>, key: K, outcome: Decision['outcome']['kind']): void {
  const known = counts.get(key) ?? { sent: 0, suppressed: 0 };
  known[outcome] += 1;
  counts.set(key, known);
}

function sampled({ at, consumer, device, place, variant, outcome, detail }: Decision): SampledDecision {
  return {
    at,
    consumer,
    device,
    ...(place !== undefined && { place }),
    ...(variant !== undefined && { variant }),
    outcome: outcome.kind,
    ...(outcome.kind === 'suppressed' ? { reason: outcome.reason } : { title: outcome.offer.title }),
    detail,
  };
}

import type { LiveEvent } from '../http/dependencies.ts';
import type { Calls } from '../worker-rpc.ts';
import type { EngineNews } from './engine.ts';
import type { EngineListener } from './engine-calls.ts';
import type { LivePositions } from './live-positions.ts';
import type { RecordedDecision } from './recorded-decision.ts';

/** Errors told to devices from one batch; a flood of rubbish must not become a flood of answers. */
const MOST_DEVICE_ERRORS = 200;
/** Requests of dialects from one batch; a node that is not asked for its birth is asked again later. */
const MOST_REQUESTS = 200;
/** Events of a kind shown from one batch; the lists of the API have them all. */
const MOST_LIVE_EVENTS = 200;

/** Tells the socket thread what one committed batch brought. */
export function tellNews(
  { outcome, decisions }: EngineNews,
  listener: Calls<EngineListener>,
  positions: LivePositions,
): void {
  positions.note(outcome.positions);
  const events: LiveEvent[] = [];
  for (const { visit, consumer } of first(outcome.visits.values())) {
    events.push({ kind: 'visit', visit: { ...visit, ...(consumer === null ? {} : { consumer }) } });
  }
  for (const recorded of first(decisions)) events.push({ kind: 'decision', decision: asDecision(recorded) });
  for (const { device, code } of first(outcome.quarantine)) events.push({ kind: 'quarantine', device, code });
  if (events.length > 0) listener.live(events);
  if (outcome.quarantine.length > 0) {
    listener.deviceErrors(
      outcome.quarantine
        .slice(0, MOST_DEVICE_ERRORS)
        .map(({ device, code, message, topic, at }) => ({ device, code, message, topic, receivedAt: at })),
    );
  }
  if (outcome.requests.length > 0) listener.requests(outcome.requests.slice(0, MOST_REQUESTS));
  if (decisions.some(({ deliveryId }) => deliveryId !== null)) listener.outboxGrew();
}

function first<T>(values: Iterable<T>): readonly T[] {
  return [...values].slice(0, MOST_LIVE_EVENTS);
}

/** The decision as the API has it. */
function asDecision({ id, deliveryId, decision }: RecordedDecision): object {
  const { outcome, ...rest } = decision;
  return {
    id: String(id),
    ...rest,
    outcome: outcome.kind,
    ...(outcome.kind === 'suppressed' ? { reason: outcome.reason } : {}),
    ...(deliveryId === null ? {} : { deliveryId }),
  };
}

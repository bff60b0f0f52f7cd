import { eventually, type GatewayProcess } from '../gateway.ts';
import { metricsOf } from '../gateway-metrics.ts';
import type { SentBy } from './load.ts';
import type { People } from './people.ts';

/** What was wrong afterwards; all of it is to be 0. */
export interface CrashFindings {
  /** Readings that were acknowledged and are not in the store. */
  readonly lost: number;
  /** Readings that are in the store more than once. */
  readonly storedTwice: number;
  /** Decisions to send beyond one for a rule, a consumer and a cause, and beyond one for a stay of a device that tells times. */
  readonly offersDoubled: number;
  /** Notifications that a browser would show although their offer was shown, or that never came. */
  readonly wronglyShown: number;
  /** Offers that were made in all. */
  readonly offers: number;
}

const SETTLED_WITHIN_MS = 180_000;
const SHOWN_WITHIN_MS = 60_000;
/** Numbers of readings in a line. */
const SHOWN = 10;

/**
 * Compares what devices sent with what the gateway stored and decided, and with what browsers got.
 *
 * @param tell told which readings were lost or stored twice, a line a device
 */
export async function findings(
  gateway: GatewayProcess,
  sent: readonly SentBy[],
  people: People,
  phaseMs: number,
  tell: (line: string) => void,
): Promise<CrashFindings> {
  await everythingIsStored(gateway);
  let lost = 0;
  let storedTwice = 0;
  for (const { device, hasTimes, acknowledged } of sent) {
    const stored = await storedNumbers(gateway, device.id);
    const once = new Set<number>();
    const twice = stored.filter((n) => once.size === once.add(n).size);
    const missing = [...acknowledged].filter((n) => !once.has(n));
    storedTwice += twice.length;
    lost += missing.length;
    if (twice.length + missing.length > 0) {
      const which = hasTimes ? 'with times' : 'without times';
      tell(`${device.id}, ${which}: lost ${missing.slice(0, SHOWN)}; stored twice ${twice.slice(0, SHOWN)}`);
    }
  }

  const deliveries = await allOf(gateway, '/api/v1/deliveries');
  const decisions = (await allOf(gateway, '/api/v1/decisions')).filter(({ outcome }) => outcome === 'sent');
  const untimed = new Set(sent.filter(({ hasTimes }) => !hasTimes).map(({ device }) => device.consumer));
  const causes = new Set(decisions.map(({ rule, consumer, cause }) => `${rule} ${consumer} ${cause}`));
  const timed = decisions.filter(({ consumer }) => !untimed.has(consumer as string));
  // By when the visit began for the device: a decision has the time of arrival, and after a gap those of two stays come together.
  const visits = await allOf(gateway, '/api/v1/visits');
  const enteredAt = new Map(visits.map((visit) => [visit.id, Number(visit.enteredAt)]));
  const stays = new Set(
    timed.map(({ consumer, visit }) => {
      const began = enteredAt.get(visit);
      if (began === undefined)
        throw new Error(`an offer was made for the visit ${visit}, which is not there`);
      return `${consumer} ${Math.floor(began / phaseMs)}`;
    }),
  );

  const ids = new Set(deliveries.map(({ id }) => id as string));
  await eventually('every offer has arrived', SHOWN_WITHIN_MS, async () => {
    const arrived = new Set([...people.received.values()].flat());
    return [...ids].every((id) => arrived.has(id)) ? true : undefined;
  });
  let wronglyShown = 0;
  for (const [consumer, received] of people.received) {
    const own = deliveries.filter((delivery) => delivery.consumer === consumer).length;
    wronglyShown += Math.abs(new Set(received).size - own);
  }
  return {
    lost,
    storedTwice,
    offersDoubled:
      decisions.length - causes.size + (timed.length - stays.size) + (decisions.length - deliveries.length),
    wronglyShown,
    offers: deliveries.length,
  };
}

async function everythingIsStored(gateway: GatewayProcess): Promise<void> {
  await eventually('the engine and the telemetry store have everything', SETTLED_WITHIN_MS, async () => {
    const value = await metricsOf(gateway);
    const left = value('wayside_engine_backlog') + value('wayside_telemetry_backlog');
    return left === 0 ? true : undefined;
  });
}

async function storedNumbers(gateway: GatewayProcess, device: string): Promise<readonly number[]> {
  const numbers: number[] = [];
  for (let cursor = ''; ; ) {
    const { status, body } = await gateway.api(
      'GET',
      `/api/v1/telemetry/${device}?metric=n&limit=100000${cursor}`,
    );
    if (status !== 200) throw new Error(`telemetry of ${device}: ${status} ${JSON.stringify(body)}`);
    for (const { value } of body.points) numbers.push(value);
    if (body.next === null) return numbers;
    cursor = `&cursor=${encodeURIComponent(body.next)}`;
  }
}

async function allOf(gateway: GatewayProcess, path: string): Promise<Record<string, unknown>[]> {
  const items: Record<string, unknown>[] = [];
  for (let cursor = ''; ; ) {
    const { body } = await gateway.api('GET', `${path}?limit=1000${cursor}`);
    items.push(...body.items);
    if (body.next === null) return items;
    cursor = `&cursor=${encodeURIComponent(body.next)}`;
  }
}

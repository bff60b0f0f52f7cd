import { eventually, type GatewayProcess } from '../support/gateway.ts';
import { metricsOf } from '../support/gateway-metrics.ts';
import { CENTRE, HALF_SIDE_DEGREES, type LoadDevice } from './ingest-load.ts';

const PLACES_A_SIDE = 18;
const CALLS_AT_ONCE = 8;
const DRAIN_WITHIN_MS = 60_000;

/** Rules of every trigger and with conditions, so that each reading is judged by all that can apply to it. */
const RULES = [
  { id: 'enter-any', trigger: { place: { tag: 'coffee' }, on: 'enter' } },
  { id: 'exit-any', trigger: { place: { tag: 'fuel_station' }, on: 'exit' } },
  { id: 'dwell-coffee', trigger: { place: { tag: 'coffee' }, on: 'dwell', for: 'PT10M' } },
  {
    id: 'low-fuel-near',
    trigger: { place: { tag: 'fuel_station' }, on: 'enter' },
    when: 'device.type == "car" && metrics.fuel < 0.15',
  },
  { id: 'one-place', trigger: { place: { id: 'bench-7' }, on: 'enter' } },
  { id: 'fuel-crossing', trigger: { metric: { name: 'fuel', below: 0.15 } } },
] as const;

/** Fills a gateway with 324 places, six live rules, and a consenting consumer with a car for each device of the load. */
export async function furnish(gateway: GatewayProcess, devices: number): Promise<readonly LoadDevice[]> {
  await inParallel(PLACES_A_SIDE ** 2, (n) => gateway.must('PUT', `/api/v1/places/bench-${n}`, place(n)));
  for (const { id, ...rule } of RULES) {
    await gateway.must('PUT', `/api/v1/rules/${id}`, {
      id,
      name: id,
      ...rule,
      limits: { cooldown: 'PT6H' },
      offer: { title: 'An offer', body: 'For {{ device.id }}', expires: 'PT30M' },
    });
    await gateway.must('POST', `/api/v1/rules/${id}/state`, { state: 'live' });
  }
  return inParallel(devices, async (n) => {
    const id = `bench-${n}`;
    await gateway.must('POST', '/api/v1/consumers', { id, attributes: {} });
    for (const purpose of ['location_offers', 'device_offers']) {
      await gateway.must('PUT', `/api/v1/consumers/${id}/consents/${purpose}`, {
        granted: true,
        source: 'bench',
      });
    }
    const { token } = await gateway.must('POST', '/api/v1/devices', { id, type: 'car', consumerId: id });
    return { id, token: String(token) };
  });
}

/** Waits until every reading is stored and was seen by the rules; gives ms since `from` (of `performance.now`). */
export async function allStored(gateway: GatewayProcess, from: number): Promise<number> {
  return eventually('everything is stored and rule-checked', DRAIN_WITHIN_MS, async () => {
    const value = await metricsOf(gateway);
    const last = value('wayside_journal_last_seq');
    const done = value('wayside_engine_seq') >= last && value('wayside_telemetry_seq') >= last;
    return done ? performance.now() - from : undefined;
  });
}

function place(n: number): object {
  const row = Math.floor(n / PLACES_A_SIDE);
  const step = (2 * HALF_SIDE_DEGREES) / PLACES_A_SIDE;
  const lat = CENTRE.lat - HALF_SIDE_DEGREES + (row + 0.5) * step;
  const lon = CENTRE.lon - HALF_SIDE_DEGREES + ((n % PLACES_A_SIDE) + 0.5) * step;
  const properties = { name: `Place ${n}`, tags: [n % 2 === 0 ? 'coffee' : 'fuel_station'] };
  if (n % 3 !== 0) {
    return {
      type: 'Feature',
      geometry: { type: 'Point', coordinates: [lon, lat] },
      properties: { ...properties, radiusMetres: 150 },
    };
  }
  const half = step / 4;
  const corners = [
    [-1, -1],
    [1, -1],
    [1.2, 0],
    [1, 1],
    [-1, 1],
    [-1, -1],
  ].map(([x = 0, y = 0]) => [lon + x * half, lat + y * half]);
  return { type: 'Feature', geometry: { type: 'Polygon', coordinates: [corners] }, properties };
}

/** Runs a task for each number, a few at once. */
export async function inParallel<T>(count: number, task: (n: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let n = next++; n < count; n = next++) results[n] = await task(n);
  };
  await Promise.all(Array.from({ length: CALLS_AT_ONCE }, worker));
  return results;
}

import { fork } from 'node:child_process';
import { createECDH, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { loadavg } from 'node:os';
import { topicOf } from '../../gateway/delivery/push-request.ts';
import { type GatewayProcess, startGateway } from '../support/gateway.ts';
import type { Bench } from './bench.ts';
import { inParallel } from './ingest-wayside.ts';
import type { DriveOrder, Published } from './latency-load.ts';
import { percentile } from './percentiles.ts';
import { startReceiver } from './receivers.ts';

const CARS = 250;
const PLACES_A_ROAD = 40;
const METRES_BETWEEN_PLACES = 300;
const METRES_BETWEEN_ROADS = 400;
const RADIUS_METRES = 50;
/** Below 90 m/s, beyond which a fix is held as a jump. */
const METRES_A_SECOND = 80;
const PER_SECOND = 5_000;
const SECONDS = 60;
/** The first offers find a process that has just started. */
const WARM_UP_SECONDS = 5;
const SETTLE_MS = 5_000;
const SHARE = Number(process.env.BENCH_SHARE ?? 1);

const ORIGIN = { lat: 45, lon: 9 } as const;
const METRES_A_DEGREE = 111_195;
/** Roads are so short that one figure does for all. */
const DEGREES_A_METRE = 1 / (METRES_A_DEGREE * Math.cos((45.45 * Math.PI) / 180));
const ROADS_PER_IMPORT = 50;

/** From the device's write to its socket until the POST is at the push service, through the whole gateway. */
export const latencyBench: Bench = {
  name: 'latency',
  about:
    'from a device’s publish to the POST at the push service, at 5,000 readings a second with 10,000 places',
  async run(progress) {
    const seconds = Math.max(WARM_UP_SECONDS + 5, SECONDS * SHARE);
    const receiver = await startReceiver('http');
    const gateway = await startGateway({ env: { WAYSIDE_PUSH_HOSTS: receiver.origin } });
    try {
      progress(`${CARS * PLACES_A_ROAD} places, ${CARS} cars of ${CARS} people`);
      await makePlaces(gateway);
      await makeRule(gateway);
      const cars = await inParallel(CARS, (road) => moveIn(gateway, receiver.origin, road));
      const order: DriveOrder = {
        port: gateway.mqttPort,
        cars,
        perSecond: PER_SECOND,
        seconds,
        metresASecond: METRES_A_SECOND,
        degreesAMetre: DEGREES_A_METRE,
      };
      progress(`${PER_SECOND} readings a second for ${seconds} s`);
      const startedAt = Date.now();
      const published = await drive(order);
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
      const arrivals = new Map(await receiver.arrivals());
      const { latencies, decided } = await latenciesOf(gateway, published, cars, arrivals, startedAt);
      const p99 = percentile(latencies, 0.99);
      return {
        name: 'latency',
        conditions:
          `${PER_SECOND} readings a second (QoS 1) of ${CARS} cars for ${seconds} s, through ${CARS * PLACES_A_ROAD} places of ${RADIUS_METRES} m; a rule offers something ` +
          'at each place that is entered, evenly over time. From the write of the reading that entered to the POST; without the first ' +
          `${WARM_UP_SECONDS} s. Gateway, generator and receiver in processes of their own, DuckDB, push over HTTP/1.1 without TLS. Load average at the end: ${loadavg()[0]?.toFixed(1)}.`,
        columns: ['offers', 'not sent', 'p50 ms', 'p90 ms', 'p99 ms', 'longest ms'],
        rows: [
          {
            subject: 'Wayside',
            figures: {
              offers: latencies.length,
              'not sent': decided - latencies.length,
              'p50 ms': percentile(latencies, 0.5),
              'p90 ms': percentile(latencies, 0.9),
              'p99 ms': p99,
              'longest ms': Math.max(...latencies),
            },
          },
        ],
        ratios: [{ name: 'p99, ms', value: p99, aim: 'below 150' }],
      };
    } finally {
      await gateway.stop();
      receiver.stop();
    }
  },
};

/** A road for each car, from west to east, with its places along it. */
const latOf = (road: number): number => ORIGIN.lat + (road * METRES_BETWEEN_ROADS) / METRES_A_DEGREE;
const lonOf = (metres: number): number => ORIGIN.lon + metres * DEGREES_A_METRE;
/** Places of one road lie a little further on than those of the last, so that cars which start together do not enter all at once. */
const metresTo = (road: number, place: number): number => (1 + place + road / CARS) * METRES_BETWEEN_PLACES;

async function makePlaces(gateway: GatewayProcess): Promise<void> {
  for (let from = 0; from < CARS; from += ROADS_PER_IMPORT) {
    const features = Array.from({ length: ROADS_PER_IMPORT * PLACES_A_ROAD }, (_, n) => {
      const [road, place] = [from + Math.floor(n / PLACES_A_ROAD), n % PLACES_A_ROAD];
      return {
        type: 'Feature',
        id: `p-${road}-${place}`,
        geometry: { type: 'Point', coordinates: [lonOf(metresTo(road, place)), latOf(road)] },
        properties: { name: `Place ${road}-${place}`, radiusMetres: RADIUS_METRES, tags: ['stop'] },
      };
    });
    await gateway.must('POST', '/api/v1/places/import', { type: 'FeatureCollection', features });
  }
}

async function makeRule(gateway: GatewayProcess): Promise<void> {
  await gateway.must('PUT', '/api/v1/rules/stop?state=live', {
    id: 'stop',
    name: 'At each stop',
    trigger: { place: { tag: 'stop' }, on: 'enter' },
    offer: { title: 'An offer at {{ place.name }}', body: 'For {{ device.id }}', expires: 'PT30M' },
  });
}

async function moveIn(
  gateway: GatewayProcess,
  origin: string,
  road: number,
): Promise<DriveOrder['cars'][number]> {
  const id = `car-${road}`;
  await gateway.must('POST', '/api/v1/consumers', { id, attributes: {}, quietHours: null });
  await gateway.must('PUT', `/api/v1/consumers/${id}/consents/location_offers`, {
    granted: true,
    source: 'bench',
  });
  await gateway.must('POST', `/api/v1/consumers/${id}/push-subscriptions`, {
    endpoint: `${origin}/wpush/v2/${id}`,
    keys: {
      p256dh: createECDH('prime256v1').generateKeys('base64url'),
      auth: randomBytes(16).toString('base64url'),
    },
  });
  const { token } = await gateway.must('POST', '/api/v1/devices', { id, type: 'car', consumerId: id });
  return { id, token: String(token), lat: latOf(road), lon: lonOf(0) };
}

async function drive(order: DriveOrder): Promise<readonly Published[]> {
  const child = fork(new URL('./latency-load.ts', import.meta.url), [JSON.stringify(order)]);
  await once(child, 'message');
  const done = once(child, 'message');
  child.send('go');
  const [published] = (await done) as [readonly Published[]];
  child.kill();
  return published;
}

interface DecisionItem {
  readonly at: number;
  readonly device: string;
  readonly visit?: string;
  readonly deliveryId?: string;
}

/** A visit says which reading opened it, a decision which visit it was for and by which delivery, and a POST which delivery. */
async function latenciesOf(
  gateway: GatewayProcess,
  published: readonly Published[],
  cars: readonly { readonly id: string }[],
  arrivals: ReadonlyMap<string, number>,
  startedAt: number,
): Promise<{ readonly latencies: readonly number[]; readonly decided: number }> {
  const publishedAt = new Map(cars.map(({ id }, index) => [id, new Map(published[index] ?? [])]));
  const enteredAt = new Map<string, number>();
  for await (const visit of all<{ id: string; enteredAt: number }>(gateway, '/api/v1/visits'))
    enteredAt.set(visit.id, visit.enteredAt);
  const latencies: number[] = [];
  let decided = 0;
  for await (const { device, at, visit, deliveryId } of all<DecisionItem>(gateway, '/api/v1/decisions')) {
    if (deliveryId === undefined || at < startedAt + WARM_UP_SECONDS * 1000) continue;
    const since = publishedAt.get(device)?.get(enteredAt.get(visit ?? '') ?? 0);
    if (since === undefined) throw new Error(`no reading of ${device} opened visit ${visit}`);
    decided += 1;
    const arrived = arrivals.get(topicOf(deliveryId));
    if (arrived !== undefined) latencies.push(arrived - since);
  }
  if (decided === 0) throw new Error('no offer was decided on');
  return { latencies, decided };
}

async function* all<Item>(gateway: GatewayProcess, path: string): AsyncGenerator<Item> {
  let cursor: string | null = null;
  do {
    const query: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page = await gateway.must('GET', `${path}?limit=1000${query}`);
    yield* page.items as readonly Item[];
    cursor = page.next as string | null;
  } while (cursor !== null);
}

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type GatewayProcess, startGateway } from './gateway.ts';
import { CAFE, NORTH_OF_CAFE, way } from './offer-world.ts';
import { publishReadings, type SentReading } from './telemetry-history.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Since when the devices are Ada's: what they told before is not hers to see. */
const LINKED_BEFORE_MS = 9 * DAY_MS;
const FRIDGE_EVERY_MS = 5 * MINUTE_MS;
const FRIDGE_READINGS = 288;

export interface ConsumerWorld {
  readonly gateway: GatewayProcess;
  /** Has Ada's car drive through the streets and into the café; resolves with the last PUBACK. */
  driveToCafe(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * A gateway in which `ada` has had a car and a fridge for nine days, with a day of readings of the fridge; `bob` has a car, too. Two
 * rules wait for her at the café, of which one can never be met.
 */
export async function startConsumerWorld(env: Readonly<Record<string, string>> = {}): Promise<ConsumerWorld> {
  const dataDir = await mkdtemp(join(tmpdir(), 'wayside-'));
  const now = Date.now();
  const linkedAt = new Date(now - LINKED_BEFORE_MS).toISOString();
  const before = await startGateway({ dataDir, env: { WAYSIDE_TIME_START: linkedAt } });
  const tokens = await setUp(before);
  await before.kill('SIGTERM');
  const gateway = await startGateway({ dataDir, env });
  await publishReadings(gateway, { id: 'fridge-1', token: tokens.fridge }, fridgeDay(now));
  return {
    gateway,
    async driveToCafe() {
      const arrival = Date.now();
      const steps = way(NORTH_OF_CAFE, CAFE, 12);
      await publishReadings(
        gateway,
        { id: 'car-1', token: tokens.car },
        steps.map(({ lat, lon }, step) => ({
          at: arrival - (steps.length - step) * 5_000,
          position: { lat, lon: lon + Math.sin(step / 2) * 0.001, accuracy: 8 },
          metrics: { fuel: 0.6 - step / 100 },
        })),
      );
    },
    async stop() {
      await gateway.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function setUp({ must }: GatewayProcess): Promise<{ readonly car: string; readonly fridge: string }> {
  await must('PUT', '/api/v1/places/cafe', {
    type: 'Feature',
    geometry: { type: 'Point', coordinates: [CAFE.lon, CAFE.lat] },
    properties: { name: 'Corner Coffee', radiusMetres: 150 },
  });
  for (const id of ['ada', 'bob']) {
    await must('POST', '/api/v1/consumers', { id, email: `${id}@example.com`, attributes: {} });
    for (const purpose of ['location_offers', 'device_offers'])
      await must('PUT', `/api/v1/consumers/${id}/consents/${purpose}`, { granted: true, source: 'test' });
  }
  const device = (id: string, type: string, consumerId: string) =>
    must('POST', '/api/v1/devices', { id, type, consumerId });
  await device('car-of-bob', 'car', 'bob');
  const rule = { trigger: { place: { id: 'cafe' }, on: 'enter' }, limits: { quietHours: 'ignore' } };
  const offer = {
    title: 'A coffee at {{ place.name }}',
    body: 'The second cup is on us.',
    url: 'https://example.com/coffee',
    expires: 'PT30M',
  };
  await must('PUT', '/api/v1/rules/coffee?state=live', {
    ...rule,
    id: 'coffee',
    name: 'Coffee on arrival',
    offer,
  });
  await must('PUT', '/api/v1/rules/fridge-full?state=live', {
    ...rule,
    id: 'fridge-full',
    name: 'Milk on the way',
    when: 'metrics.milk < 0.5',
    offer,
  });
  return {
    car: (await device('car-1', 'car', 'ada')).token,
    fridge: (await device('fridge-1', 'fridge', 'ada')).token,
  };
}

/** A day of a fridge: cold, with its door opened now and then. Ends now. */
function fridgeDay(now: number): readonly SentReading[] {
  return Array.from({ length: FRIDGE_READINGS }, (_, step) => {
    const isOpen = step % 24 === 5;
    return {
      at: now - (FRIDGE_READINGS - 1 - step) * FRIDGE_EVERY_MS,
      metrics: {
        temperature: 4 + Math.sin(step / 9) + (isOpen ? 3 : 0),
        door: isOpen,
        battery: 1 - step / 800,
      },
    };
  });
}

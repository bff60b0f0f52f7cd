import { connectAsync, type MqttClient } from 'mqtt';
import { afterEach, expect, it } from 'vitest';
import { eventually, type GatewayProcess, startGateway } from '../support/gateway.ts';

const PLACES = 100_000;
const DEVICES = 10;
const PUBLISH_EVERY_MS = 50;
/** Where all devices stand; the imported places are far from it. */
const HERE = { lat: 45.4642, lon: 9.19, accuracy: 5 };
/** What a loaded machine of tests may take; what an idle one does is some 30 times less. */
const PUBACK_WITHIN_MS = 2_000;
const IN_FORCE_WITHIN_MS = 5_000;

let gateway: GatewayProcess;
const clients: MqttClient[] = [];
const timers: NodeJS.Timeout[] = [];
afterEach(async () => {
  for (const timer of timers.splice(0)) clearInterval(timer);
  for (const client of clients.splice(0)) await client.endAsync(true);
  await gateway.stop();
});

/** A device that tells its place again and again. `delays` gets the time that each PUBACK took. */
async function addDevice(id: string, delays: number[]): Promise<MqttClient> {
  const { token } = await gateway.must('POST', '/api/v1/devices', { id, type: 'car', consumerId: 'ada' });
  const client = await connectAsync(gateway.mqttUrl, { username: id, password: token, reconnectPeriod: 0 });
  clients.push(client);
  const publish = async () => {
    const began = performance.now();
    await client.publishAsync(`devices/${id}/telemetry`, JSON.stringify({ position: HERE }), { qos: 1 });
    delays.push(performance.now() - began);
  };
  timers.push(
    setInterval(() => {
      publish().catch(() => delays.push(Infinity));
    }, PUBLISH_EVERY_MS),
  );
  return client;
}

const circle = (lat: number, lon: number) => ({
  type: 'Feature',
  geometry: { type: 'Point', coordinates: [lon, lat] },
  properties: { name: 'Spot', radiusMetres: 80, tags: ['spot'] },
});

/** Saves a place where the devices stand; resolves when a rule fired there, with the time since its answer. */
async function edit(place: string): Promise<number> {
  await gateway.must('PUT', `/api/v1/places/${place}`, circle(HERE.lat, HERE.lon));
  const answered = performance.now();
  await eventually(`the rule fires at ${place}`, IN_FORCE_WITHIN_MS, async () => {
    const { items } = await gateway.must('GET', '/api/v1/decisions?rule=spot&limit=100');
    return items.some((decision: { place: string }) => decision.place === place) ? true : undefined;
  });
  return performance.now() - answered;
}

it('while 100,000 places are imported, PUBACKs keep coming and edits are in force at once', async () => {
  gateway = await startGateway();
  await gateway.must('POST', '/api/v1/consumers', { id: 'ada', attributes: {} });
  await gateway.must('PUT', '/api/v1/consumers/ada/consents/location_offers', {
    granted: true,
    source: 'test',
  });
  // A rule may name only tags that there are.
  await gateway.must('PUT', '/api/v1/places/first', circle(0, 0));
  await gateway.must('PUT', '/api/v1/rules/spot?state=live', {
    trigger: { place: { tag: 'spot' }, on: 'enter' },
    offer: { title: 'Hello', body: 'There', expires: 'PT30M' },
  });
  const delays: number[] = [];
  for (let n = 0; n < DEVICES; n += 1) await addDevice(`car-${n}`, delays);
  await eventually('positions flow', 20_000, async () => (delays.length > DEVICES ? true : undefined));

  const rows = Array.from(
    { length: PLACES },
    (_, n) => `p-${n},Place ${n},${(n % 500) / 10},${20 + Math.floor(n / 500) / 10},60,shop`,
  );
  delays.length = 0;
  const importing = { done: false };
  const imported = gateway
    .api('POST', '/api/v1/places/import', `id,name,lat,lon,radiusMetres,tags\n${rows.join('\n')}`, 'text/csv')
    .finally(() => {
      importing.done = true;
    });
  const edits: number[] = [];
  while (!importing.done) edits.push(await edit(`spot-${edits.length}`));
  const { status, body } = await imported;
  expect([status, body.imported, body.refused]).toEqual([200, PLACES, 0]);

  // The first of them was saved while the import was under way.
  expect(edits.length).toBeGreaterThan(0);
  expect(Math.max(...edits)).toBeLessThan(IN_FORCE_WITHIN_MS);
  expect(delays.length).toBeGreaterThan(DEVICES);
  expect(Math.max(...delays)).toBeLessThan(PUBACK_WITHIN_MS);

  // What was imported is in force: the last of it, too.
  const { token } = await gateway.must('POST', '/api/v1/devices', { id: 'visitor', type: 'car' });
  const visitor = await connectAsync(gateway.mqttUrl, { username: 'visitor', password: token });
  clients.push(visitor);
  const position = { lat: 49.9, lon: 39.9, accuracy: 5 };
  await visitor.publishAsync('devices/visitor/telemetry', JSON.stringify({ position }), { qos: 1 });
  await eventually('the visit is there', 20_000, async () => {
    const { items } = await gateway.must('GET', '/api/v1/visits?device=visitor');
    return items.some(({ place }: { place: string }) => place === `p-${PLACES - 1}`) ? true : undefined;
  });
}, 180_000);

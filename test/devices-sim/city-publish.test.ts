import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Aedes } from 'aedes';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { jsonCodec } from '../../broker/codecs/json.ts';
import { parseDeviceTopic } from '../../broker/topics.ts';
import { createCity } from '../../devices-sim/city/model/city.ts';
import { createResidents } from '../../devices-sim/city/model/people.ts';
import { createRandom } from '../../devices-sim/city/model/random.ts';
import { createWorld } from '../../devices-sim/city/model/world.ts';
import { readCredentials, writeCredentials } from '../../devices-sim/city/publish/credentials-file.ts';
import { createPublisher } from '../../devices-sim/city/publish/publisher.ts';
import { runWorld } from '../../devices-sim/city/publish/run.ts';

function smallWorld() {
  const random = createRandom(2);
  const city = createCity(random.fork('city'));
  const residents = createResidents(city, 5, random.fork('people'));
  return createWorld({ city, residents, random: random.fork('world'), intervalSeconds: 0.2 });
}

describe('publishing the city', () => {
  let broker: Aedes;
  let server: Server;
  let url: string;
  const received: { topic: string; payload: Buffer; qos: number }[] = [];

  async function startBroker(port: number): Promise<void> {
    broker = await Aedes.createBroker({ maxClientsIdLength: 128 });
    broker.authenticate = (_client, _user, password, done) => done(null, password?.toString() === 'right');
    broker.authorizePublish = (_client, packet, done) => {
      received.push({ topic: packet.topic, payload: Buffer.from(packet.payload), qos: packet.qos });
      done(null);
    };
    server = createServer(broker.handle);
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    url = `mqtt://127.0.0.1:${address.port}`;
  }

  async function stopBroker(): Promise<void> {
    await new Promise<void>((resolve) => broker.close(() => resolve()));
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  beforeEach(async () => {
    received.length = 0;
    await startBroker(0);
  });

  afterEach(stopBroker);

  it('sends readings that the JSON codec takes whole, at QoS 1, each on its own topic', async () => {
    const world = smallWorld();
    const publisher = createPublisher({
      url,
      credentials: new Map(world.devices.map(({ id }) => [id, 'right'])),
    });
    await publisher.start();
    expect(publisher.counters().connected).toBe(15);
    const stop = runWorld({ world, publisher, now: Date.now });
    await vi.waitFor(() => expect(publisher.counters().acked).toBeGreaterThan(60), { timeout: 20_000 });
    stop();
    await publisher.stop();

    const { acked, published, errors, skipped } = publisher.counters();
    expect({ acked, errors, skipped }).toEqual({ acked: published, errors: 0, skipped: 0 });
    expect(received).toHaveLength(published);
    const ids = new Set(world.devices.map(({ id }) => id));
    for (const { topic, payload, qos } of received) {
      expect(qos).toBe(1);
      const parsed = parseDeviceTopic(topic);
      expect(parsed?.kind).toBe('telemetry');
      expect(ids.has(parsed?.deviceId ?? '')).toBe(true);
      const { readings, problems } = jsonCodec.decode(payload);
      expect(problems).toEqual([]);
      expect(readings).toHaveLength(1);
      expect(Math.abs((readings[0]?.at ?? 0) - Date.now())).toBeLessThan(30_000);
    }
  });

  it('says why when no device gets in', async () => {
    const publisher = createPublisher({ url, credentials: new Map([['a-car', 'wrong']]) });
    await expect(publisher.start()).rejects.toThrow(/No device could connect.*(authori|refused|closed)/i);
  });

  it('leaves readings out instead of piling them up while the broker is away, and delivers the kept ones after', async () => {
    const publisher = createPublisher({ url, credentials: new Map([['a-car', 'right']]) });
    await publisher.start();
    const reading = { metrics: { fuel: 0.5 } };
    await stopBroker();
    await vi.waitFor(() => expect(publisher.counters().connected).toBe(0), { timeout: 20_000 });
    for (let index = 0; index < 100; index += 1) publisher.publish('a-car', reading, index);
    expect(publisher.counters()).toMatchObject({ published: 20, skipped: 80, acked: 0 });
    await startBroker(Number(new URL(url).port));
    await vi.waitFor(() => expect(publisher.counters()).toMatchObject({ connected: 1, acked: 20 }), {
      timeout: 20_000,
    });
    await publisher.stop();
  });
});

describe('the credentials file', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'wayside-city-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('is for its owner alone, and comes back as it was written', async () => {
    const file = path.join(folder, 'tokens.json');
    const credentials = new Map([
      ['a-car', 'secret'],
      ['b-car', 'other'],
    ]);
    expect(await readCredentials(file)).toEqual(new Map());
    await writeCredentials(file, credentials);
    expect((await stat(file)).mode & 0o077).toBe(0);
    expect(await readCredentials(file)).toEqual(credentials);
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({ 'a-car': 'secret', 'b-car': 'other' });
  });

  it('is refused with its name when it is something else', async () => {
    await expect(readCredentials(path.join(import.meta.dirname, 'city-publish.test.ts'))).rejects.toThrow(
      /city-publish\.test\.ts must be/,
    );
  });
});

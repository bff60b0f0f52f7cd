import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually, type GatewayProcess, startGateway } from '../support/gateway.ts';
import { metricOf } from '../support/gateway-metrics.ts';
import { createMosquitto, type Mosquitto, mosquittoMissing } from '../support/mosquitto.ts';
import { hasOpenssl, selfSignedCertificate } from '../support/self-signed.ts';

const opensslIsThere = await hasOpenssl();

/** Ascending numbers as `first-last`, for a message that says where something is missing. */
function rangesOf(numbers: readonly number[]): string[] {
  const ranges: [number, number][] = [];
  for (const n of numbers) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === n - 1) last[1] = n;
    else ranges.push([n, n]);
  }
  return ranges.map(([first, last]) => `${first}-${last}`);
}

describe.skipIf(mosquittoMissing !== null)(
  `the bridge to a real Mosquitto${mosquittoMissing === null ? '' : ` (${mosquittoMissing})`}`,
  () => {
    let mosquitto: Mosquitto;
    let dataDir: string;
    const gateways: GatewayProcess[] = [];
    const clients: MqttClient[] = [];

    beforeEach(async () => {
      dataDir = await mkdtemp(join(tmpdir(), 'wayside-bridge-'));
      mosquitto = await createMosquitto();
      await mosquitto.start();
    });
    afterEach(async () => {
      for (const client of clients.splice(0)) await client.endAsync(true);
      for (const gateway of gateways.splice(0)) await gateway.stop();
      await mosquitto.remove();
      await rm(dataDir, { recursive: true, force: true });
    });

    async function start(env: Readonly<Record<string, string>> = {}, dir = dataDir): Promise<GatewayProcess> {
      const gateway = await startGateway({
        dataDir: dir,
        env: { WAYSIDE_BRIDGE_URL: mosquitto.url, ...env },
      });
      gateways.push(gateway);
      await isUp(gateway);
      return gateway;
    }

    async function isUp(gateway: GatewayProcess): Promise<string> {
      return eventually('the bridge is up', 20_000, async () => {
        const { body } = await gateway.api('GET', '/readyz');
        return body.parts.bridge.ok ? body.parts.bridge.detail : undefined;
      });
    }

    async function connect(clientId: string, options: IClientOptions = {}): Promise<MqttClient> {
      const client = await connectAsync(mosquitto.url, { clientId, reconnectPeriod: 100, ...options });
      clients.push(client);
      return client;
    }

    async function register(gateway: GatewayProcess, ...ids: readonly string[]): Promise<void> {
      for (const id of ids) await gateway.api('POST', '/api/v1/devices', { id, type: 'car' });
    }

    async function storedValues(gateway: GatewayProcess, device: string): Promise<number[]> {
      const { body } = await gateway.api('GET', `/api/v1/telemetry/${device}?metric=n&limit=100000`);
      return body.points.map((point: { value: number }) => point.value);
    }

    it('takes in what devices say there, over MQTT 3.1.1 and 5, at every QoS, and tells them of their errors', async () => {
      const gateway = await start();
      expect(await isUp(gateway)).toContain('MQTT 5');
      await register(gateway, 'car-1', 'car-2');
      const old = await connect('car-1', { protocolVersion: 4 });
      const newer = await connect('car-2', { protocolVersion: 5 });
      const told: string[] = [];
      newer.on('message', (topic, payload) => told.push(`${topic} ${payload}`));
      await newer.subscribeAsync('devices/car-2/errors', { qos: 1 });
      for (const qos of [0, 1, 2] as const) {
        await old.publishAsync('devices/car-1/telemetry', `{"metrics":{"n":${qos}}}`, { qos });
        await newer.publishAsync('devices/car-2/telemetry', `{"metrics":{"n":${qos}}}`, { qos });
      }
      for (const device of ['car-1', 'car-2']) {
        await eventually(`all of ${device}`, 20_000, async () =>
          (await storedValues(gateway, device)).length === 3 ? true : undefined,
        );
        expect((await storedValues(gateway, device)).sort()).toEqual([0, 1, 2]);
      }
      await newer.publishAsync('devices/car-2/telemetry', 'nonsense', { qos: 1 });
      const message = await eventually('word of the error', 20_000, async () => told[0]);
      expect(message).toMatch(/^devices\/car-2\/errors \{.*"code":"bad_json"/);
    });

    /** Numbered readings, at most 50 under way and about 1,000 a second; `stop` gives how many Mosquitto acknowledged. */
    function load(client: MqttClient, device: string, withTime: boolean) {
      let sending = true;
      let acknowledged = 0;
      const work = (async () => {
        const underWay = new Set<Promise<void>>();
        for (let n = 0; sending; n++) {
          const reading = { ...(withTime && { at: Date.now() + (n % 1000) }), metrics: { n } };
          const publish = client
            .publishAsync(`devices/${device}/telemetry`, JSON.stringify(reading), { qos: 1 })
            .then(
              () => {
                acknowledged += 1;
              },
              () => {
                // The test has failed, and its client is ended: else this would go on for ever.
                sending = false;
              },
            )
            .finally(() => underWay.delete(publish));
          underWay.add(publish);
          if (underWay.size >= 50) await Promise.race(underWay);
          if (n % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 10));
        }
        await Promise.all(underWay);
        return acknowledged;
      })();
      return {
        acknowledged: () => acknowledged,
        async stop(): Promise<number> {
          sending = false;
          return work;
        },
      };
    }

    async function restarted(gateway: GatewayProcess): Promise<GatewayProcess> {
      await gateway.kill('SIGKILL');
      gateways.splice(gateways.indexOf(gateway), 1);
      return start();
    }

    it('loses nothing and stores nothing twice when the gateway is killed under load, and when Mosquitto restarts', async () => {
      let gateway = await start();
      await register(gateway, 'timed', 'untimed');
      const timed = load(await connect('timed'), 'timed', true);
      const untimed = load(await connect('untimed', { protocolVersion: 5 }), 'untimed', false);
      const loads = [timed, untimed];
      const more = async (count: number) => {
        const before = loads.map((one) => one.acknowledged());
        await eventually(`${count} more`, 30_000, async () =>
          loads.every((one, index) => one.acknowledged() > (before[index] ?? 0) + count) ? true : undefined,
        );
      };
      for (let kill = 0; kill < 3; kill++) {
        await more(400);
        gateway = await restarted(gateway);
      }
      await more(200);
      // What a device sends Mosquitto again after its restart is another message there: only its own time tells it is not.
      const untimedCount = await untimed.stop();
      loads.pop();
      await mosquitto.stop();
      await eventually('the bridge is down', 20_000, async () => {
        const { body } = await gateway.api('GET', '/readyz');
        return body.parts.bridge.ok ? undefined : true;
      });
      await mosquitto.start();
      await isUp(gateway);
      await more(200);
      const counts = { timed: await timed.stop(), untimed: untimedCount };
      for (const [device, count] of Object.entries(counts)) {
        let values: number[] = [];
        const deadline = performance.now() + 60_000;
        do {
          values = await storedValues(gateway, device);
        } while (new Set(values).size < count && performance.now() < deadline);
        const stored = new Set(values);
        const missing = Array.from({ length: count }, (_, n) => n).filter((n) => !stored.has(n));
        expect(rangesOf(missing), `${device}: of ${count} acknowledged, not stored`).toEqual([]);
        expect(values.length - stored.size, `${device}: stored twice`).toBe(0);
      }
    });

    it('keeps for a gateway that is away what comes meanwhile', async () => {
      const gateway = await start();
      await register(gateway, 'car-1');
      const car = await connect('car-1');
      await gateway.kill('SIGTERM');
      gateways.length = 0;
      for (let n = 0; n < 300; n++)
        await car.publishAsync('devices/car-1/telemetry', `{"metrics":{"n":${n}}}`, { qos: 1 });
      const back = await start();
      const values = await eventually('all of them', 20_000, async () => {
        const stored = await storedValues(back, 'car-1');
        return stored.length >= 300 ? stored : undefined;
      });
      expect(values).toEqual(Array.from({ length: 300 }, (_, n) => n));
    });

    it('acknowledges, counts and does not store what is of nobody, of no known topic, or retained', async () => {
      const someone = await connect('someone');
      await someone.publishAsync('devices/car-1/telemetry', '{"metrics":{"n":1}}', { qos: 1, retain: true });
      const gateway = await start();
      await register(gateway, 'car-1');
      await someone.publishAsync('devices/nobody/telemetry', '{"metrics":{"n":2}}', { qos: 1 });
      await someone.publishAsync('devices/b\u00e4d id/telemetry', '{"metrics":{"n":3}}', { qos: 1 });
      await someone.publishAsync('devices/car-1/telemetry', '{"metrics":{"n":4}}', { qos: 1 });
      await eventually('the good one', 20_000, async () =>
        (await storedValues(gateway, 'car-1')).length > 0 ? true : undefined,
      );
      expect(await storedValues(gateway, 'car-1')).toEqual([4]);
      expect(await metricOf(gateway, 'wayside_bridge_unknown_device')).toBe(1);
      expect(await metricOf(gateway, 'wayside_bridge_bad_topic')).toBe(1);
      expect(await metricOf(gateway, 'wayside_bridge_accepted')).toBe(1);
      expect((await gateway.api('GET', '/api/v1/quarantine')).body.items).toEqual([]);
      // Nothing is held back by what was passed over: had it not been acknowledged, it would come again.
      const again = await restarted(gateway);
      await someone.publishAsync('devices/car-1/telemetry', '{"metrics":{"n":5}}', { qos: 1 });
      await eventually('the next one', 20_000, async () =>
        (await storedValues(again, 'car-1')).includes(5) ? true : undefined,
      );
      expect(await metricOf(again, 'wayside_bridge_unknown_device')).toBe(0);
    });

    it('brings commands and configuration to a device there, and its answers back', async () => {
      const gateway = await start();
      await register(gateway, 'car-1');
      await gateway.api('PUT', '/api/v1/devices/car-1/config', { interval: 5 });
      const early = await gateway.api('POST', '/api/v1/devices/car-1/commands', {
        id: 'early',
        name: 'honk',
      });
      expect(early.body.state).toBe('queued');
      const car = await connect('car-1', { protocolVersion: 5 });
      const got: [string, Record<string, unknown>][] = [];
      car.on('message', (topic, payload) => {
        const message = JSON.parse(payload.toString());
        got.push([topic, message]);
        if (topic.endsWith('/commands'))
          car.publish(`${topic}/${message.id}/reply`, '{"status":"ok","result":{"done":true}}', { qos: 1 });
        if (topic.endsWith('/config')) car.publish(`${topic}/reported`, JSON.stringify(message), { qos: 1 });
      });
      await car.subscribeAsync(['devices/car-1/commands', 'devices/car-1/config'], { qos: 1 });
      // Nobody knows yet where it is.
      await car.publishAsync('devices/car-1/telemetry', '{"metrics":{"n":1}}', { qos: 1 });
      const { body } = await gateway.api('POST', '/api/v1/devices/car-1/commands?wait=PT10S', {
        id: 'late',
        name: 'honk',
      });
      expect(body).toMatchObject({ state: 'answered', reply: { status: 'ok', result: { done: true } } });
      await eventually('the early one is answered too', 20_000, async () => {
        const early = await gateway.api('GET', '/api/v1/devices/car-1/commands/early');
        return early.body.state === 'answered' ? true : undefined;
      });
      await eventually('the configuration is applied', 20_000, async () => {
        const config = await gateway.api('GET', '/api/v1/devices/car-1/config');
        return config.body.inSync ? true : undefined;
      });
      const byTopic = Object.groupBy(got, ([topic]) => topic);
      expect(byTopic['devices/car-1/commands']?.map(([, { id }]) => id).sort()).toEqual(['early', 'late']);
      expect(byTopic['devices/car-1/config']?.at(-1)?.[1]).toMatchObject({ interval: 5, version: 1 });
    });

    it('takes in other dialects from there, under the alias of a device', async () => {
      const gateway = await start();
      await register(gateway, 'phone-1');
      await gateway.api('POST', '/api/v1/devices/phone-1/aliases', { alias: 'owntracks/ada/phone' });
      const phone = await connect('phone');
      const tst = Math.floor(Date.now() / 1000);
      const location = { _type: 'location', lat: 45.46, lon: 9.19, acc: 8, tst };
      await phone.publishAsync('owntracks/ada/phone', JSON.stringify(location), { qos: 1 });
      await phone.publishAsync('owntracks/bob/phone', JSON.stringify(location), { qos: 1 });
      const points = await eventually('the position', 20_000, async () => {
        const { body } = await gateway.api('GET', '/api/v1/telemetry/phone-1');
        return body.points.length > 0 ? body.points : undefined;
      });
      expect(points).toMatchObject([{ at: tst * 1000, position: { lat: 45.46, lon: 9.19 } }]);
      expect(await metricOf(gateway, 'wayside_bridge_unknown_device')).toBe(1);
    });

    it.skipIf(!opensslIsThere)(
      'logs in over TLS, and says why where it may not (needs openssl)',
      async () => {
        const { key, cert } = await selfSignedCertificate();
        const guarded = await createMosquitto({
          tls: { key, cert },
          user: { name: 'wayside', password: 'let me in' },
        });
        await guarded.start();
        try {
          const ca = join(dataDir, 'ca.pem');
          await writeFile(ca, cert);
          const env = {
            WAYSIDE_BRIDGE_URL: guarded.url,
            WAYSIDE_BRIDGE_USERNAME: 'wayside',
            WAYSIDE_BRIDGE_PASSWORD: 'let me in',
            WAYSIDE_BRIDGE_CA: ca,
          };
          const gateway = await start(env);
          expect(await isUp(gateway)).toContain(`${guarded.url}, MQTT 5`);
          await gateway.kill('SIGTERM');
          for (const [change, says] of [
            [{ WAYSIDE_BRIDGE_PASSWORD: 'wrong one' }, /not authori[sz]ed/i],
            [{ WAYSIDE_BRIDGE_CA: '' }, /self.signed certificate/i],
          ] as const) {
            const refused = await startGateway({ dataDir, env: { ...env, ...change } });
            gateways.push(refused);
            const detail = await eventually('why it is not up', 20_000, async () => {
              const { parts } = (await refused.api('GET', '/readyz')).body;
              return says.test(parts.bridge.detail) ? parts.bridge.detail : undefined;
            });
            expect(detail).not.toContain('wrong one');
            expect(refused.logLines.join()).not.toContain('wrong one');
            await refused.kill('SIGTERM');
          }
        } finally {
          await guarded.remove();
        }
      },
    );

    it('shares the load between two gateways of a group', async () => {
      const otherDir = await mkdtemp(join(tmpdir(), 'wayside-bridge-'));
      const group = { WAYSIDE_BRIDGE_GROUP: 'depot' };
      const one = await start(group);
      const other = await start(group, otherDir);
      expect(await isUp(other)).toContain('shared as depot');
      await register(one, 'car-1');
      await register(other, 'car-1');
      const car = await connect('car-1');
      const work = Array.from({ length: 400 }, (_, n) =>
        car.publishAsync('devices/car-1/telemetry', `{"metrics":{"n":${n}}}`, { qos: 1 }),
      );
      await Promise.all(work);
      const all = await eventually('all of them, together', 20_000, async () => {
        const stored = [await storedValues(one, 'car-1'), await storedValues(other, 'car-1')];
        return stored.flat().length >= 400 ? stored : undefined;
      });
      expect(all.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: 400 }, (_, n) => n));
      for (const part of all) expect(part.length).toBeGreaterThan(100);
      await other.stop();
      await rm(otherDir, { recursive: true, force: true });
    });

    it('waits with what is for devices until Mosquitto is back, also when the gateway was restarted', async () => {
      let gateway = await start();
      await register(gateway, 'car-1');
      const car = await connect('car-1', { clean: false });
      const told: string[] = [];
      car.on('message', (topic) => told.push(topic));
      await car.subscribeAsync('devices/car-1/errors', { qos: 1 });
      await car.publishAsync('devices/car-1/telemetry', '{"metrics":{"n":1}}', { qos: 1 });
      await eventually('it is stored', 20_000, async () =>
        (await storedValues(gateway, 'car-1')).length === 1 ? true : undefined,
      );
      gateway = await restarted(gateway);
      await mosquitto.stop();
      const direct = (await gateway.api('POST', '/api/v1/devices/car-1/token')).body.token;
      const here = await connectAsync(gateway.mqttUrl, {
        clientId: 'here',
        username: 'car-1',
        password: direct,
      });
      clients.push(here);
      await here.publishAsync('devices/car-1/telemetry', 'nonsense', { qos: 1 });
      await eventually('a message waits', 20_000, async () =>
        (await metricOf(gateway, 'wayside_bridge_waiting')) === 1 ? true : undefined,
      );
      await mosquitto.start();
      await eventually('it came', 20_000, async () => told[0]);
      expect(told).toEqual(['devices/car-1/errors']);
      expect(await metricOf(gateway, 'wayside_bridge_waiting')).toBe(0);
    });
  },
);

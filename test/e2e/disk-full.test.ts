import { connectAsync, type MqttClient } from 'mqtt';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { eventually, type GatewayProcess, lastingPorts, startGateway } from '../support/gateway.ts';
import { metricOf } from '../support/gateway-metrics.ts';
import { createInfluxd, influxdMissing } from '../support/influxd.ts';
import { createSmallDisk, type SmallDisk, smallDiskMissing } from '../support/small-disk.ts';

const MIB = 1024 * 1024;
const TOPIC = 'devices/van/telemetry';

/** A device that counts what was acknowledged, and how often its connection ended. */
interface Van {
  readonly client: MqttClient;
  readonly acknowledged: Set<number>;
  closed: number;
  /** Numbers of readings that go on where the last ones ended. */
  publish(count: number, more?: object): void;
  readonly published: number;
}

async function startVan(gateway: GatewayProcess, keepalive = 60): Promise<Van> {
  const { body } = await gateway.api('POST', '/api/v1/devices', { id: 'van', type: 'car' });
  const client = await connectAsync(gateway.mqttUrl, {
    clientId: 'van',
    username: 'van',
    password: body.token,
    reconnectPeriod: 100,
    keepalive,
  });
  onTestFinished(() => client.endAsync(true));
  const startedAt = Date.now();
  const acknowledged = new Set<number>();
  let published = 0;
  const van: Van = {
    client,
    acknowledged,
    closed: 0,
    get published() {
      return published;
    },
    publish(count, more = {}) {
      for (const upTo = published + count; published < upTo; published += 1) {
        const n = published;
        const payload = JSON.stringify({ at: startedAt + n, metrics: { n, ...more } });
        client.publish(TOPIC, payload, { qos: 1 }, (error) => {
          if (error === undefined || error === null) acknowledged.add(n);
        });
      }
    },
  };
  client.on('close', () => {
    van.closed += 1;
  });
  client.on('error', () => undefined); // it comes back by itself
  return van;
}

const allAcknowledged = (van: Van) =>
  eventually('all is acknowledged', 30_000, async () =>
    van.acknowledged.size === van.published ? true : undefined,
  );

async function stored(gateway: GatewayProcess, count: number): Promise<readonly number[]> {
  return eventually(`${count} are stored`, 30_000, async () => {
    const { status, body } = await gateway.api('GET', '/api/v1/telemetry/van?metric=n&limit=100000');
    if (status !== 200 || body.points.length < count) return undefined;
    return body.points.map(({ value }: { value: number }) => value);
  });
}

const whole = (count: number) => Array.from({ length: count }, (_, n) => n);

const SKIPPED = smallDiskMissing === null ? '' : ` (skipped: ${smallDiskMissing})`;

describe.skipIf(smallDiskMissing !== null)(`a full disk${SKIPPED}`, () => {
  let disk: SmallDisk;
  let gateway: GatewayProcess;
  afterEach(async () => {
    await gateway?.stop();
    await disk?.remove();
  });

  const start = async (env: Readonly<Record<string, string>> = {}) => {
    gateway = await startGateway({ dataDir: disk.dir, within: disk.within, env });
  };

  it('withholds acknowledgements, says why, keeps connections, and goes on by itself when there is space', async () => {
    disk = await createSmallDisk(96 * MIB);
    await start();
    // A second and a half more, and a broker that does not hear of it thinks the device gone [MQTT-3.1.2-24].
    const van = await startVan(gateway, 3);
    van.publish(100);
    await allAcknowledged(van);

    disk.fill();
    van.publish(500);
    const { parts } = await eventually('/readyz tells of it', 20_000, async () => {
      const { status, body } = await gateway.api('GET', '/readyz');
      return status === 503 && / MiB are free on the disk/.test(body.parts.journal.detail) ? body : undefined;
    });
    expect(parts.journal.detail).toMatch(
      /^\d+\.\d MiB of 96\.0 MiB are free on the disk of the data directory; 1\.9 MiB are kept free .*messages are not acknowledged until there is room/,
    );
    expect(await metricOf(gateway, 'wayside_journal_refuses')).toBe(1);
    await eventually('several commits have failed', 20_000, async () =>
      // Five seconds: longer than a silent device is waited for.
      (await metricOf(gateway, 'wayside_journal_failed_commits')) > 20 ? true : undefined,
    );
    const shedBefore = await metricOf(gateway, 'wayside_broker_shed');
    van.client.publish(TOPIC, '{"metrics":{"unasked":1}}', { qos: 0 });
    await eventually('QoS 0 is shed', 20_000, async () =>
      (await metricOf(gateway, 'wayside_broker_shed')) > shedBefore ? true : undefined,
    );
    const refused = await gateway.api('POST', '/api/v1/consumers', {
      attributes: { note: 'x'.repeat(50_000) },
    });
    expect(refused).toMatchObject({ status: 503, body: { code: 'disk_full' } });
    expect(van.acknowledged.size, 'nothing is acknowledged that is not on disk').toBe(100);
    expect(van.closed, 'nobody was disconnected').toBe(0);

    disk.free();
    await allAcknowledged(van);
    expect(await stored(gateway, 600)).toEqual(whole(600));
    expect(van.closed, 'nobody was disconnected').toBe(0);
    await eventually('all is well again', 20_000, async () =>
      (await gateway.api('GET', '/readyz')).status === 200 ? true : undefined,
    );
    await eventually('the log has told of both', 20_000, async () => {
      const told = gateway.logLines.filter((line) => /the journal takes (nothing|messages again)/.test(line));
      return told.length === 2 ? true : undefined;
    });
  });

  it('loses nothing and stores nothing twice when the gateway is killed in it, and is told at a start', async () => {
    disk = await createSmallDisk(96 * MIB);
    const ports = await lastingPorts();
    await start(ports);
    const van = await startVan(gateway);
    van.publish(100);
    await allAcknowledged(van);
    disk.fill();
    van.publish(300);
    await eventually('the journal refuses', 20_000, async () =>
      (await metricOf(gateway, 'wayside_journal_refuses')) === 1 ? true : undefined,
    );
    await gateway.kill('SIGKILL');
    const failure = await start(ports).then(
      () => null,
      (error: Error) => error.message,
    );
    // Whether a start needs space depends on how full the last page of its files was.
    if (failure !== null) expect(failure).toMatch(/"code":"disk_full"/);
    else await gateway.kill('SIGKILL');
    disk.free();
    await start(ports);
    van.publish(50);
    await allAcknowledged(van);
    expect(await stored(gateway, van.published)).toEqual(whole(van.published));
  });

  it('ends when it is asked to, without waiting for space', async () => {
    disk = await createSmallDisk(96 * MIB);
    await start();
    const van = await startVan(gateway);
    disk.fill();
    van.publish(500);
    await eventually('the journal refuses', 20_000, async () =>
      (await metricOf(gateway, 'wayside_journal_refuses')) === 1 ? true : undefined,
    );
    const asked = performance.now();
    await gateway.kill('SIGTERM');
    expect(performance.now() - asked).toBeLessThan(10_000);
    expect(van.acknowledged.size).toBe(0);
  });
});

const NO_INFLUX = influxdMissing === null ? '' : ` (skipped: ${influxdMissing})`;

describe.skipIf(influxdMissing !== null)(`a journal at its bound${NO_INFLUX}`, () => {
  it('takes nothing more while InfluxDB is away, and everything once it is back', async () => {
    const influxd = await createInfluxd();
    onTestFinished(() => influxd.remove());
    const gateway = await startGateway({
      env: { WAYSIDE_INFLUX_URL: influxd.url, WAYSIDE_JOURNAL_MAX_BYTES: String(16 * MIB) },
    });
    onTestFinished(() => gateway.stop());
    const van = await startVan(gateway);
    const text = 'x'.repeat(250);
    const more = Object.fromEntries(Array.from({ length: 80 }, (_, n) => [`m${n}`, text]));
    van.publish(1_000, more); // 20 MB
    const detail = await eventually('/readyz tells of it', 20_000, async () => {
      const { status, body } = await gateway.api('GET', '/readyz');
      return status === 503 && !body.parts.journal.ok ? (body.parts.journal.detail as string) : undefined;
    });
    expect(detail).toMatch(
      /^1\d\.\d MiB of at most 16\.0 MiB \(WAYSIDE_JOURNAL_MAX_BYTES\) are in use; .* not taken yet: \d+ numbers by the rules, [1-9]\d+ by influxdb$/,
    );
    expect(await metricOf(gateway, 'wayside_journal_used_bytes')).toBeLessThanOrEqual(16 * MIB);
    const before = van.acknowledged.size;
    expect(before).toBeLessThan(1_000);
    expect(before).toBeGreaterThan(300);
    await influxd.start();
    await allAcknowledged(van);
    expect(await stored(gateway, 1_000)).toEqual(whole(1_000));
    expect(van.closed).toBe(0);
  });
});

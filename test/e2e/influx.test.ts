import mqtt from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import { eventually, startGateway } from '../support/gateway.ts';
import { startInfluxProxy } from '../support/influx-proxy.ts';
import { createInfluxd, influxdMissing } from '../support/influxd.ts';

const SKIPPED = influxdMissing === null ? '' : ` (skipped: ${influxdMissing})`;
const READINGS = 2_000;
const METRIC = '/api/v1/telemetry/van?metric=n&limit=10000';

describe.skipIf(influxdMissing !== null)(`a gateway on InfluxDB${SKIPPED}`, () => {
  it('loses nothing and stores nothing twice while InfluxDB is away, twice over', async () => {
    const influxd = await createInfluxd();
    onTestFinished(() => influxd.remove());
    // Not there yet: the gateway starts all the same.
    const gateway = await startGateway({
      env: { WAYSIDE_INFLUX_URL: influxd.url, WAYSIDE_INFLUX_BUCKET: 'fleet' },
    });
    onTestFinished(() => gateway.stop());
    const { body: device } = await gateway.api('POST', '/api/v1/devices', { id: 'van', type: 'car' });
    const client = await mqtt.connectAsync(gateway.mqttUrl, {
      clientId: 'van',
      username: 'van',
      password: device.token,
    });
    onTestFinished(() => client.endAsync(true));
    const startedAt = Date.now();
    const publish = (from: number, to: number) =>
      Promise.all(
        Array.from({ length: to - from }, (_, index) =>
          client.publishAsync(
            'devices/van/telemetry',
            JSON.stringify({ at: startedAt + from + index, metrics: { n: from + index } }),
            { qos: 1 },
          ),
        ),
      );
    const stored = async (count: number) =>
      eventually(`${count} readings are stored`, 30_000, async () => {
        const { status, body } = await gateway.api('GET', METRIC);
        return status === 200 && body.points.length >= count ? body.points : undefined;
      });

    await publish(0, READINGS / 4);
    expect(await gateway.api('GET', METRIC)).toMatchObject({
      status: 503,
      body: { code: 'telemetry_unavailable' },
    });
    const degraded = await eventually('/readyz tells of what waits', 20_000, async () => {
      const { body } = await gateway.api('GET', '/readyz');
      return body.parts.telemetry.backlog.lagMs > 0 ? body : undefined;
    });
    expect(degraded).toMatchObject({ ready: true, notReady: [], degraded: ['telemetry'] });
    const { backlog, detail } = degraded.parts.telemetry;
    expect(backlog.numbers).toBe(READINGS / 4);
    expect(backlog.bytes).toBeGreaterThan((READINGS / 4) * '{"at":1763756400000}'.length);
    expect(detail).toMatch(/does not answer.*the journal holds/);
    const metrics = (await gateway.api('GET', '/metrics')).body as string;
    expect(metrics).toMatch(/^wayside_telemetry_taking 0$/m);
    expect(metrics).toMatch(/^wayside_telemetry_backlog 500$/m);
    expect(metrics).toMatch(/^wayside_telemetry_backlog_bytes [1-9]\d{4,}$/m);
    expect(metrics).toMatch(/^wayside_telemetry_lag_ms [1-9]/m);
    await influxd.start();
    await stored(READINGS / 4);

    const sending = publish(READINGS / 4, READINGS);
    await influxd.stop('SIGKILL');
    await sending;
    await influxd.start();
    const points = await stored(READINGS);
    expect(points).toEqual(Array.from({ length: READINGS }, (_, n) => ({ at: startedAt + n, value: n })));
    const ready = await eventually('the gateway is ready', 20_000, async () => {
      const { status, body } = await gateway.api('GET', '/readyz');
      return status === 200 && body.degraded.length === 0 ? body : undefined;
    });
    expect(ready).toMatchObject({ ready: true, notReady: [], degraded: [] });
  });

  it('keeps the good ones once and quarantines the bad ones, whatever the network does to its writes', async () => {
    const influxd = await createInfluxd();
    onTestFinished(() => influxd.remove());
    await influxd.start();
    const proxy = await startInfluxProxy(influxd.url);
    onTestFinished(() => proxy.stop());
    const gateway = await startGateway({ env: { WAYSIDE_INFLUX_URL: proxy.url } });
    onTestFinished(() => gateway.stop());
    // Somebody else's point gave the field of one metric another type.
    await eventually('the database is there', 20_000, async () => {
      const foreign = await fetch(`${influxd.url}/write?db=wayside`, {
        method: 'POST',
        body: 'readings,device=foreign taken.n="text"',
      });
      return foreign.status === 204 ? true : undefined;
    });
    proxy.next = [
      { kind: 'cut_body' },
      { kind: 'cut_answer' },
      { kind: 'answer', status: 429, headers: { 'retry-after': '1' } },
      { kind: 'answer', status: 400 },
      { kind: 'answer_after', status: 503 },
      { kind: 'slow', ms: 300 },
      { kind: 'cut_before' },
    ];
    proxy.otherwise = { kind: 'largest', bytes: 20_000 };
    const { body: device } = await gateway.api('POST', '/api/v1/devices', { id: 'van', type: 'car' });
    const client = await mqtt.connectAsync(gateway.mqttUrl, {
      clientId: 'van',
      username: 'van',
      password: device.token,
    });
    onTestFinished(() => client.endAsync(true));
    const startedAt = Date.now();
    const isBad = (n: number) => n % 500 === 250;
    await Promise.all(
      Array.from({ length: READINGS }, (_, n) =>
        client.publishAsync(
          'devices/van/telemetry',
          JSON.stringify({ at: startedAt + n, metrics: isBad(n) ? { taken: n } : { n } }),
          { qos: 1 },
        ),
      ),
    );
    const good = Array.from({ length: READINGS }, (_, n) => n).filter((n) => !isBad(n));
    const points = await eventually('all good ones are stored', 60_000, async () => {
      const { status, body } = await gateway.api('GET', METRIC);
      return status === 200 && body.points.length >= good.length ? body.points : undefined;
    });
    expect(points).toEqual(good.map((n) => ({ at: startedAt + n, value: n })));
    const items = await eventually('the bad ones are in quarantine', 20_000, async () => {
      const { body } = await gateway.api('GET', '/api/v1/quarantine?device=van');
      return body.items.length === READINGS - good.length ? body.items : undefined;
    });
    for (const item of items) {
      expect(item).toMatchObject({
        code: 'bad_metric',
        message: expect.stringContaining('field type conflict'),
      });
    }
    expect((await gateway.api('GET', '/metrics')).body).toMatch(/^wayside_telemetry_refused 4$/m);
  });

  it('waits with a wrong password, drops nothing, and says what to mend', async () => {
    const influxd = await createInfluxd({ auth: true });
    onTestFinished(() => influxd.remove());
    await influxd.start();
    const query = (q: string) =>
      fetch(`${influxd.url}/query`, {
        method: 'POST',
        headers: { authorization: `Basic ${btoa('admin:right')}` },
        body: new URLSearchParams({ q }),
      });
    await query("CREATE USER admin WITH PASSWORD 'right' WITH ALL PRIVILEGES");
    const env = { WAYSIDE_INFLUX_URL: influxd.url, WAYSIDE_INFLUX_TOKEN: 'admin:wrong-one' };
    const gateway = await startGateway({ env });
    onTestFinished(() => gateway.stop());
    const { body: device } = await gateway.api('POST', '/api/v1/devices', { id: 'van', type: 'car' });
    const client = await mqtt.connectAsync(gateway.mqttUrl, { username: 'van', password: device.token });
    onTestFinished(() => client.endAsync(true));
    for (let n = 0; n < 50; n += 1) {
      await client.publishAsync('devices/van/telemetry', JSON.stringify({ metrics: { n } }), { qos: 1 });
    }
    const telemetry = await eventually('/readyz says so', 20_000, async () => {
      const { body } = await gateway.api('GET', '/readyz');
      return body.degraded.includes('telemetry') ? body.parts.telemetry : undefined;
    });
    expect(telemetry.detail).toMatch(/401.*WAYSIDE_INFLUX_TOKEN/);
    expect(gateway.logLines.join('')).not.toContain('wrong-one');
    await gateway.kill('SIGTERM');
    const mended = await startGateway({
      dataDir: gateway.dataDir,
      env: { ...env, WAYSIDE_INFLUX_TOKEN: 'admin:right' },
    });
    onTestFinished(() => mended.stop());
    const points = await eventually('all are stored', 20_000, async () => {
      const { body } = await mended.api('GET', METRIC);
      return body.points?.length === 50 ? body.points : undefined;
    });
    expect(points.map(({ value }: { value: number }) => value)).toEqual(
      Array.from({ length: 50 }, (_, n) => n),
    );
  });
});

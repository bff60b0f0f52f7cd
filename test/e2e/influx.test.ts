import mqtt from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import { eventually, startGateway } from '../support/gateway.ts';
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
    const degraded = await eventually('/readyz tells of what waits', 10_000, async () => {
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
    const ready = await eventually('the gateway is ready', 10_000, async () => {
      const { status, body } = await gateway.api('GET', '/readyz');
      return status === 200 && body.degraded.length === 0 ? body : undefined;
    });
    expect(ready).toMatchObject({ ready: true, notReady: [], degraded: [] });
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createInfluxStore } from '../../../gateway/telemetry/influx-store.ts';
import type { TelemetryStore } from '../../../gateway/telemetry/telemetry-store.ts';
import { createInfluxd, type Influxd, influxdMissing } from '../../support/influxd.ts';

const T0 = Date.UTC(2026, 2, 1, 12);
const SKIPPED = influxdMissing === null ? '' : ` (skipped: ${influxdMissing})`;
/** More than one answer of the server holds. */
const READINGS = 25_000;

/** As versions before the measurement `positions` wrote them: position and metrics in one line. */
describe.skipIf(influxdMissing !== null)(
  `positions that an earlier version kept in InfluxDB${SKIPPED}`,
  () => {
    let influxd: Influxd;
    beforeAll(async () => {
      influxd = await createInfluxd();
      await influxd.start();
    });
    afterAll(() => influxd?.remove());

    async function opened(bucket: string, lines: readonly string[]): Promise<TelemetryStore> {
      const store = createInfluxStore({ url: influxd.url, token: '', org: '', bucket });
      await store.start();
      const answer = await fetch(`${influxd.url}/write?db=${bucket}&precision=ns`, {
        method: 'POST',
        body: lines.join('\n'),
      });
      expect(answer.status).toBe(204);
      return store;
    }

    async function count(bucket: string, what: string, measurement: string): Promise<number> {
      const statement = `SELECT count("${what}") FROM "${measurement}"`;
      const answer = await fetch(`${influxd.url}/query?db=${bucket}&q=${encodeURIComponent(statement)}`);
      const body = (await answer.json()) as { results: { series?: { values: number[][] }[] }[] };
      return body.results[0]?.series?.[0]?.values[0]?.[1] ?? 0;
    }

    it('are read as they were, and cleared in their time while metrics and events stay to the byte', async () => {
      const of = (n: number) => {
        const rest =
          n % 3 === 0 ? '' : `,fuel.n=${n / 2},on.b=${n % 2 === 0 ? 'T' : 'F'},state\\ a.s="x \\"${n}\\""`;
        const event = n % 5 === 0 ? ',event="ping, pong",flags="late"' : '';
        return `readings,device=car\\ ${n % 7} receivedAt=${T0 + n}i,lat=45.5,lon=9.25${rest}${event} ${T0 + n}00000${n % 10}`;
      };
      const store = await opened('old', [
        ...Array.from({ length: READINGS }, (_, n) => of(n)),
        `readings,device=fridge receivedAt=${T0}i,temperature.n=4.5 ${T0 + 3}000007`,
        `readings,device=car\\ 1 receivedAt=${T0 + READINGS}i,lat=1,lon=2,fuel.n=1 ${T0 + READINGS}000000`,
      ]);
      const read = async (deviceKey: string) => (await store.read({ deviceKey, limit: 100_000 })).points;
      const before = await read('car 1');
      expect(before[0]).toMatchObject({
        position: { lat: 45.5, lon: 9.25 },
        metrics: { fuel: 0.5, on: false },
      });
      expect(await store.oldestPosition()).toBe(T0);
      const position = { lat: 45.5, lon: 9.25 };
      await store.write(
        [
          {
            deviceKey: 'car 1',
            at: T0 + READINGS + 1,
            seq: 1,
            receivedAt: T0,
            position,
            metrics: { fuel: 1 },
            flags: [],
          },
        ],
        1,
      );

      expect(await store.expire({ readings: [], positionsBefore: T0 + READINGS })).toEqual({
        kind: 'removed',
      });

      const after = await read('car 1');
      const wanted = before.slice(0, -1).flatMap((point) => {
        const { position: _, ...rest } = point as { position?: object; metrics?: object; event?: string };
        return rest.metrics === undefined && rest.event === undefined ? [] : [rest];
      });
      expect(after).toEqual([
        ...wanted,
        before.at(-1),
        { at: T0 + READINGS + 1, position, metrics: { fuel: 1 }, flags: [] },
      ]);
      expect(await read('fridge')).toEqual([{ at: T0 + 3, metrics: { temperature: 4.5 }, flags: [] }]);
      expect(await count('old', 'lat', 'readings')).toBe(1);
      expect(await count('old', 'receivedAt', 'readings_moving')).toBe(0);
      expect(await store.oldestPosition()).toBe(T0 + READINGS);
      await store.stop();
    });

    it('come to no harm by a crash between being copied aside and written back', async () => {
      const line = (measurement: string, position: string) =>
        `${measurement},device=car receivedAt=${T0}i${position},fuel.n=0.5 ${T0}000001`;
      // Removed, and not written back yet.
      const store = await opened('crashed', [line('readings_moving', '')]);
      expect(await store.expire({ readings: [], positionsBefore: T0 + 1 })).toEqual({ kind: 'removed' });
      const points = async () => (await store.read({ deviceKey: 'car', limit: 10 })).points;
      expect(await points()).toEqual([{ at: T0, metrics: { fuel: 0.5 }, flags: [] }]);
      expect(await count('crashed', 'receivedAt', 'readings_moving')).toBe(0);
      await store.stop();
      // Erased before anything else: it must not come back.
      const other = await opened('erased', [line('readings_moving', ''), line('readings', ',lat=1,lon=2')]);
      expect(await other.erase(['car'])).toEqual({ kind: 'removed' });
      expect(await other.expire({ readings: [], positionsBefore: T0 + 1 })).toEqual({ kind: 'removed' });
      expect((await other.read({ deviceKey: 'car', limit: 10 })).points).toEqual([]);
      await other.stop();
    });
  },
);

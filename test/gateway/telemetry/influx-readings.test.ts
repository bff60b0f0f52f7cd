import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createInfluxConnection,
  type InfluxConnection,
} from '../../../gateway/telemetry/influx-connection.ts';
import { readReadings } from '../../../gateway/telemetry/influx-readings.ts';
import { createInfluxStore } from '../../../gateway/telemetry/influx-store.ts';
import type { TelemetryPoint } from '../../../gateway/telemetry/telemetry-store.ts';
import { createInfluxd, type Influxd, influxdMissing } from '../../support/influxd.ts';
import { serveWhileTested } from '../../support/loopback-server.ts';

const T0 = Date.UTC(2026, 2, 1, 12);
const MIB = 1024 * 1024;
const SKIPPED = influxdMissing === null ? '' : ` (skipped: ${influxdMissing})`;

describe('an answer that is longer than wanted', () => {
  it('is not read to its end', async () => {
    const over = Promise.withResolvers<void>();
    const port = await serveWhileTested((request, response) => {
      request.resume();
      response.on('close', over.resolve);
      const goOn = () => {
        while (response.write(' '.repeat(64 * 1024)));
      };
      response.on('drain', goOn);
      goOn();
    });
    const url = `http://127.0.0.1:${port}`;
    const connection = createInfluxConnection({ url, token: '', org: '', bucket: 'b' }, 30_000);
    expect(await connection.queryWithin('SELECT', 1_000_000)).toBeNull();
    // The server is told: its connection ends.
    await over.promise;
  });
});

describe.skipIf(influxdMissing !== null)(`a page of whole readings out of InfluxDB${SKIPPED}`, () => {
  let influxd: Influxd;
  beforeAll(async () => {
    influxd = await createInfluxd();
    await influxd.start();
  });
  afterAll(() => influxd?.remove());

  /** A connection to a database with these readings, and how long its answers were; null: given up. */
  async function withReadings(bucket: string, texts: readonly string[]) {
    const options = { url: influxd.url, token: '', org: '', bucket };
    const store = createInfluxStore(options);
    await store.start();
    const points = texts.map(
      (text, n): TelemetryPoint => ({
        deviceKey: 'k',
        at: T0 + n,
        seq: n + 1,
        receivedAt: T0,
        flags: [],
        metrics: { text },
      }),
    );
    expect(await store.write(points, texts.length)).toEqual({ kind: 'stored', rejected: [] });
    const answers: (number | null)[] = [];
    const connection = createInfluxConnection(options, 30_000);
    const counting: InfluxConnection = {
      ...connection,
      async queryWithin(statement, mostBytes) {
        const answer = await connection.queryWithin(statement, mostBytes);
        if (statement.includes('"readings"')) answers.push(answer?.bytes ?? null);
        return answer;
      },
    };
    return { connection: counting, answers };
  }

  it('takes few queries where they are short', async () => {
    const { connection, answers } = await withReadings(
      'short',
      Array.from({ length: 2_500 }, (_, n) => `${n}`),
    );
    const page = await readReadings(connection, { deviceKey: 'k', limit: 2_000 }, null);
    expect(page.points).toHaveLength(2_000);
    expect(page.next).not.toBeNull();
    expect(answers).toHaveLength(2);
  });

  it('holds few MiB at once where they are long, also after many short ones', async () => {
    const text = (n: number) => (n < 150 ? `${n}` : `${n} ${'x'.repeat(100_000)}`);
    const { connection, answers } = await withReadings(
      'long',
      Array.from({ length: 400 }, (_, n) => text(n)),
    );
    const query = { deviceKey: 'k', limit: 2_000, maxCharacters: 2 * MIB };
    const page = await readReadings(connection, query, null);
    // The first of those that are long are found by an answer that is given up; all of them are 25 MB.
    expect(answers).toContain(null);
    const bytes = answers.filter((answer) => answer !== null);
    expect(Math.max(...bytes)).toBeLessThan(6 * MIB);
    expect(bytes.reduce((sum, one) => sum + one, 0)).toBeLessThan(8 * MIB);
    // As many long ones as fill it, behind the short ones.
    expect(page.points).toHaveLength(150 + 21);
    expect(page.next).not.toBeNull();
  });
});

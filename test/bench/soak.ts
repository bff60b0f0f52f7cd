import { startGateway } from '../support/gateway.ts';
import { metricOf } from '../support/gateway-metrics.ts';
import type { Bench, BenchRow } from './bench.ts';
import { residentMiB } from './ingest-steady.ts';
import { runLoad } from './ingest-subjects.ts';
import { allStored, furnish } from './ingest-wayside.ts';

/** Until SQLite's page caches are full, which are bounded: the file of the records reaches their size about then. */
const FILLING_MINUTES = 5;
const MINUTES = FILLING_MINUTES + 10;
const DEVICES = 100;
const PER_SECOND = 5000;
const SECONDS_A_MINUTE = 60;
const HALF = FILLING_MINUTES + 5;
const BYTES_A_MIB = 1024 * 1024;

/** Resident memory minute by minute under a steady load. */
export const soakBench: Bench = {
  name: 'soak',
  about: `memory of the gateway over 10 minutes of a steady load, after ${FILLING_MINUTES} in which caches fill`,
  byNameOnly: true,
  async run(progress) {
    const gateway = await startGateway();
    try {
      const devices = await furnish(gateway, DEVICES);
      const rows: BenchRow[] = [];
      const afterMinute: number[] = [];
      for (let minute = 1; minute <= MINUTES; minute += 1) {
        const { acknowledged } = await runLoad({
          port: gateway.mqttPort,
          devices,
          seconds: SECONDS_A_MINUTE,
          from: 'packets',
          load: { kind: 'open', perSecond: PER_SECOND },
        });
        await allStored(gateway, 0);
        const resident = await residentMiB(gateway.pid);
        const store = (await metricOf(gateway, 'wayside_telemetry_memory_bytes')) / BYTES_A_MIB;
        afterMinute.push(resident - store);
        rows.push({
          subject: `minute ${minute}`,
          figures: {
            acknowledged,
            'RSS MiB': resident,
            'DuckDB MiB': store,
            'without it MiB': resident - store,
          },
        });
        progress(
          `minute ${minute} of ${MINUTES}: ${resident.toFixed(0)} MiB, ${store.toFixed(0)} of them DuckDB's`,
        );
      }
      // DuckDB keeps of its file what its bound leaves room for, so it grows with the file up to there. Heaps go up and down
      // between collections: what counts is whether their peaks rise.
      const first = Math.max(...afterMinute.slice(FILLING_MINUTES, HALF));
      const second = Math.max(...afterMinute.slice(HALF));
      return {
        name: 'soak',
        conditions: `${DEVICES} connections, ${PER_SECOND} QoS 1 messages a second, stored and judged by 6 rules over 324 places.`,
        columns: ['acknowledged', 'RSS MiB', 'DuckDB MiB', 'without it MiB'],
        rows,
        ratios: [
          {
            name: `highest RSS without DuckDB's of minutes ${HALF + 1} to ${MINUTES} ÷ of minutes ${FILLING_MINUTES + 1} to ${HALF}`,
            value: second / first,
            aim: '≤ 1.05',
          },
        ],
      };
    } finally {
      await gateway.stop();
    }
  },
};

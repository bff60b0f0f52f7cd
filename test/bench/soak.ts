import { startGateway } from '../support/gateway.ts';
import type { Bench, BenchRow } from './bench.ts';
import { residentMiB } from './ingest-steady.ts';
import { runLoad } from './ingest-subjects.ts';
import { allStored, furnish } from './ingest-wayside.ts';

const MINUTES = 10;
const DEVICES = 100;
const PER_SECOND = 5000;
const SECONDS_A_MINUTE = 60;
const HALF = MINUTES / 2;

/** Resident memory minute by minute under a steady load. */
export const soakBench: Bench = {
  name: 'soak',
  about: `memory of the gateway over ${MINUTES} minutes of a steady load`,
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
        const mebibytes = await residentMiB(gateway.pid);
        afterMinute.push(mebibytes);
        rows.push({ subject: `minute ${minute}`, figures: { acknowledged, 'RSS MiB': mebibytes } });
        progress(`minute ${minute} of ${MINUTES}: ${mebibytes.toFixed(0)} MiB`);
      }
      // Heaps go up and down between collections: what counts is whether the peaks rise.
      const first = Math.max(...afterMinute.slice(0, HALF));
      const second = Math.max(...afterMinute.slice(HALF));
      return {
        name: 'soak',
        conditions: `${DEVICES} connections, ${PER_SECOND} QoS 1 messages a second, stored and judged by 6 rules over 324 places.`,
        columns: ['acknowledged', 'RSS MiB'],
        rows,
        ratios: [
          {
            name: `highest RSS of minutes ${HALF + 1} to ${MINUTES} ÷ of minutes 1 to ${HALF}`,
            value: second / first,
            aim: '≤ 1.1',
          },
        ],
      };
    } finally {
      await gateway.stop();
    }
  },
};

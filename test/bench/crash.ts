import { type CrashFigures, type CrashPlan, type Disturbance, runCrash } from '../support/crash/run.ts';
import { influxdMissing } from '../support/influxd.ts';
import { smallDiskMissing } from '../support/small-disk.ts';
import type { Bench, BenchRow } from './bench.ts';

const DEVICES = 200;
const PER_SECOND = 10_000;
const KILLS = 20;
const UP_TO_MS = 4_000;

const SUBJECTS: readonly {
  readonly name: string;
  readonly what: Disturbance;
  readonly missing: string | null;
}[] = [
  { name: 'SIGKILL', what: 'nothing', missing: null },
  { name: 'SIGKILL, and InfluxDB killed and started', what: 'influxdb', missing: influxdMissing },
  { name: 'SIGKILL, and the disk filled', what: 'disk', missing: smallDiskMissing },
];

/** What is left after kills at random moments under load: nothing lost, nothing twice. */
export const crashBench: Bench = {
  name: 'crash',
  about: `${KILLS} SIGKILLs at random moments under ${PER_SECOND} msg/s: what was lost, stored twice, offered twice`,
  async run(progress) {
    const rows: BenchRow[] = [];
    for (const { name, what, missing } of SUBJECTS) {
      if (missing !== null) {
        progress(`${name}: left out, ${missing}`);
        continue;
      }
      const plan: CrashPlan = {
        devices: DEVICES,
        perSecond: PER_SECOND,
        phaseMs: 5_000,
        window: 250,
        kills: KILLS,
        disturbance: what,
        upToMs: UP_TO_MS,
        random: Math.random,
      };
      const found = await runCrash(plan, (line) => progress(`${name}: ${line}`));
      const { lost, storedTwice, offersDoubled, wronglyShown } = found;
      progress(`${name}: ${JSON.stringify({ lost, storedTwice, offersDoubled, wronglyShown })}`);
      rows.push({ subject: name, figures: figures(found) });
    }
    return {
      name: 'crash',
      conditions:
        `${DEVICES} connections, QoS 1, ${PER_SECOND} msg/s, half of the devices without times of their own; the generator on the same machine; it reconnects and sends again what was not acknowledged. ` +
        `Each kill up to ${UP_TO_MS / 1000} s after messages were acknowledged again. The disk is a tmpfs of 1 GiB, filled to the last byte before each kill, and half of the times still full at it.`,
      columns: [
        'kills',
        'acknowledged',
        'acknowledged/s',
        'lost',
        'stored twice',
        'offers',
        'offers doubled',
        'wrongly shown',
        'longest gap s',
      ],
      rows,
      ratios: rows.map(({ subject, figures }) => ({
        name: `${subject}: lost + stored twice + offers doubled + wrongly shown`,
        value: ['lost', 'stored twice', 'offers doubled', 'wrongly shown'].reduce(
          (sum, column) => sum + Number(figures[column]),
          0,
        ),
        aim: '0',
      })),
    };
  },
};

function figures(of: CrashFigures): BenchRow['figures'] {
  return {
    kills: of.kills,
    acknowledged: of.acknowledged,
    'acknowledged/s': of.acknowledgedPerSecond,
    lost: of.lost,
    'stored twice': of.storedTwice,
    offers: of.offers,
    'offers doubled': of.offersDoubled,
    'wrongly shown': of.wronglyShown,
    'longest gap s': of.longestGapMs / 1000,
  };
}

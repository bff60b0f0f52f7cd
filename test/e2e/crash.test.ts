import { describe, expect, it } from 'vitest';
import { createRandom } from '../../devices-sim/city/model/random.ts';
import { type CrashPlan, type Disturbance, runCrash } from '../support/crash/run.ts';
import { influxdMissing } from '../support/influxd.ts';
import { smallDiskMissing } from '../support/small-disk.ts';

/** Brings waits in which everybody comes in more than once, and a kill with the disk full as well as one behind it. */
const SEED = 5;

/** The short form of `npm run bench -- crash`. */
const plan = (kills: number, disturbance: Disturbance): CrashPlan => ({
  devices: 40,
  perSecond: 4_000,
  phaseMs: 2_000,
  window: 200,
  kills,
  disturbance,
  upToMs: 2_500,
  random: createRandom(SEED).next,
});

const NOTHING_WRONG = { lost: 0, storedTwice: 0, offersDoubled: 0, wronglyShown: 0 };

async function survives(kills: number, disturbance: Disturbance): Promise<void> {
  const lines: string[] = [];
  const figures = await runCrash(plan(kills, disturbance), (line) => lines.push(line)).catch(
    (error: unknown) => {
      throw new Error(`after: ${lines.join('; ')}`, { cause: error });
    },
  );
  expect(figures, lines.join('; ')).toMatchObject(NOTHING_WRONG);
  expect(figures.offers, 'offers were made').toBeGreaterThan(40);
  expect(figures.acknowledged).toBeGreaterThan(kills * 1_000);
}

const why = (missing: string | null) => (missing === null ? '' : ` (skipped: ${missing})`);

describe('SIGKILL under load loses nothing that was acknowledged, stores nothing twice, and doubles no offer', () => {
  it('by itself', () => survives(4, 'nothing'));

  it.skipIf(influxdMissing !== null)(`while InfluxDB is killed and started${why(influxdMissing)}`, () =>
    survives(2, 'influxdb'),
  );

  it.skipIf(smallDiskMissing !== null)(`while the disk is full, and not${why(smallDiskMissing)}`, () =>
    survives(3, 'disk'),
  );
});

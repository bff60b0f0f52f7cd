import type { Removed } from '../engine/engine-calls.ts';
import { findConsumerToErase, removeConsumer } from '../records/consumer-erasures.ts';
import { type Alongside, removeDevice } from '../records/device-erasures.ts';
import { deviceKeyOf } from '../records/devices.ts';
import { setReplayed } from '../records/erasure-marks.ts';
import type { Erasure, ErasureState } from './erase.ts';
import { type Elsewhere, eraseElsewhere, eraseSessions } from './erase-elsewhere.ts';
import type { Finisher, Progress } from './finish.ts';
import type { Erased, ErasureLedger } from './ledger.ts';

/** Whoever erases is told whether it is done, as long as that does not take too long. */
const ANSWER_WITHIN_MS = 5_000;

export interface ErasureParts extends Elsewhere {
  readonly finisher: Finisher;
  readonly ledger: Pick<ErasureLedger, 'append'>;
}

/**
 * An erasure is first noted in the ledger: whatever ends the process from then on, the next start goes on with it. The records
 * follow, in one transaction that also notes that they have been through the ledger so far; then all that is elsewhere.
 */
export function createErasure(parts: ErasureParts): Erasure {
  const { db, ledger, finisher } = parts;
  /** One after the other, so that the records are through all that the ledger has above a line. */
  let noting: Promise<unknown> = Promise.resolve();
  /** An erasure was noted and could not be carried out: the next start has to look at all of them. */
  let isBehind = false;

  /** Notes what `find` gives, and removes it. */
  function note<T>(
    at: number,
    find: () => Promise<readonly Erased[]>,
    remove: (alongside: Alongside) => Promise<T>,
  ): Promise<T> {
    const noted = noting.then(async () => {
      const last = await ledger.append(await find(), at);
      try {
        return await remove(async (trx) => (isBehind ? undefined : setReplayed(trx, last)));
      } catch (error) {
        isBehind = true;
        throw error;
      }
    });
    noting = noted.catch(() => undefined); // whoever asked is told
    return noted;
  }

  async function finish(removed: Removed): Promise<ErasureState> {
    const isTelemetryGone = await eraseElsewhere(parts, removed);
    const keys = removed.devices.map(({ key }) => key);
    const isDone = ({ consumers, devices, isSwept }: Progress) =>
      isSwept &&
      !keys.some((key) => devices.has(key)) &&
      (removed.consumer === null || !consumers.has(removed.consumer));
    const progress = await finisher.until(isDone, isTelemetryGone ? ANSWER_WITHIN_MS : 0);
    if (isDone(progress)) return { state: 'erased', waitsFor: [] };
    const waitsForStore = keys.some((key) => progress.devices.get(key) === false);
    return { state: 'pending', waitsFor: [waitsForStore ? 'telemetry' : 'files'] };
  }

  return {
    async start() {
      await eraseSessions(parts);
      await finisher.resume();
    },
    stop: () => finisher.stop(),
    async device(id, change) {
      const device = await note(
        change.at,
        async () => [{ kind: 'device', key: await deviceKeyOf(db, id) }],
        (alongside) => removeDevice(db, id, change, alongside),
      );
      return finish({ devices: [device], consumer: null });
    },
    async consumer(id, change) {
      const { devices } = await note(
        change.at,
        async () => {
          const { createdAt, devices } = await findConsumerToErase(db, id);
          const erased = devices.map(({ key }): Erased => ({ kind: 'device', key }));
          // The person first: of lines that a crash cut short, the first brings all that is linked to it.
          return [{ kind: 'consumer', id, createdAt }, ...erased];
        },
        (alongside) => removeConsumer(db, id, change, alongside),
      );
      return finish({ devices, consumer: id });
    },
  };
}

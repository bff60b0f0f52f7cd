import type { Kysely } from 'kysely';
import type { Change } from '../records/audit.ts';
import { findConsumerToErase, removeConsumer } from '../records/consumer-erasures.ts';
import { removeDevice } from '../records/device-erasures.ts';
import type { Schema } from '../records/schema.ts';
import { type Elsewhere, eraseElsewhere } from './erase-elsewhere.ts';

/** What an erasure still waits for. */
export type WaitsFor = 'telemetry';

export type ErasureState =
  /** Nothing is left. */
  | { readonly state: 'erased'; readonly waitsFor: readonly [] }
  /** Nobody can read anything of it any more; the rest goes by itself, also over a restart. */
  | { readonly state: 'pending'; readonly waitsFor: readonly WaitsFor[] };

/** Erases devices and people everywhere. */
export interface Erasure {
  /** @throws WaysideError `not_found` */
  device(id: string, change: Change): Promise<ErasureState>;
  /** A person with the devices that are linked to them. @throws WaysideError `not_found` */
  consumer(id: string, change: Change): Promise<ErasureState>;
}

export interface ErasureParts extends Elsewhere {
  readonly db: Kysely<Schema>;
}

export function createErasure(parts: ErasureParts): Erasure {
  const { db } = parts;
  const stateOf = (isTelemetryGone: boolean): ErasureState =>
    isTelemetryGone ? { state: 'erased', waitsFor: [] } : { state: 'pending', waitsFor: ['telemetry'] };

  return {
    async device(id, change) {
      const device = await removeDevice(db, id, change);
      return stateOf(await eraseElsewhere(parts, { devices: [device], consumer: null }));
    },
    async consumer(id, change) {
      await findConsumerToErase(db, id);
      const { devices } = await removeConsumer(db, id, change);
      return stateOf(await eraseElsewhere(parts, { devices, consumer: id }));
    },
  };
}

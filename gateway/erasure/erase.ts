import type { Change } from '../records/audit.ts';

/** What an erasure still waits for: the telemetry store, or that files are read up to it and overwritten. */
export type WaitsFor = 'telemetry' | 'files';

export type ErasureState =
  /** Nothing is left. */
  | { readonly state: 'erased'; readonly waitsFor: readonly [] }
  /** Nobody can read anything of it any more; the rest goes by itself, also over a restart. */
  | { readonly state: 'pending'; readonly waitsFor: readonly WaitsFor[] };

/** Erases devices and people everywhere. */
export interface Erasure {
  /** Goes on with what an earlier process did not come to. The broker is to run by then. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** @throws WaysideError `not_found` */
  device(id: string, change: Change): Promise<ErasureState>;
  /** A person with the devices that are linked to them. @throws WaysideError `not_found` */
  consumer(id: string, change: Change): Promise<ErasureState>;
}

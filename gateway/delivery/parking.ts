import { setTimeout as pause } from 'node:timers/promises';
import { createDoorbell } from '../doorbell.ts';
import type { LaneMember, OutboxStore } from './outbox-store.ts';

/** Set aside together: the thread stands still for the fsync of each write, and so do those who are sent to meanwhile. */
const GATHER_MS = 50;
/** After a failure of the records. */
const TROUBLE_PAUSE_MS = 1_000;

/**
 * Sets deliveries aside that find no place in their lane, beside the outbox's rounds: the write waits for its turn and for the disk,
 * which what has a place need not.
 */
export interface Parking {
  /** What is to be set aside, or just is; empty where nothing is. */
  readonly members: readonly LaneMember[];
  /** To be set aside soon; not while others are, or where it fails: then whoever looks again finds them as they were. */
  add(members: readonly LaneMember[]): void;
  /** Sets aside at once what was added. Resolves when nothing is left to be set aside. */
  flush(): Promise<void>;
}

export interface ParkingParts {
  readonly store: Pick<OutboxStore, 'park'>;
  readonly onTrouble: (what: string, error: unknown) => void;
  /** Called each time something was set aside, or could not be. */
  readonly onEnded: () => void;
}

export function createParking({ store, onTrouble, onEnded }: ParkingParts): Parking {
  const hurry = createDoorbell();
  let members: readonly LaneMember[] = [];
  let isGathering = false;
  let writing: Promise<void> | null = null;

  async function write(): Promise<void> {
    await hurry.rung(GATHER_MS);
    isGathering = false;
    try {
      await store.park(members);
    } catch (error) {
      onTrouble('deliveries could not be set aside', error);
      await pause(TROUBLE_PAUSE_MS);
    }
    members = [];
    writing = null;
    onEnded();
  }

  return {
    get members() {
      return members;
    },
    add(wanted) {
      if (wanted.length === 0 || (writing !== null && !isGathering)) return;
      members = [...members, ...wanted];
      isGathering = true;
      writing ??= write();
    },
    async flush() {
      if (isGathering) hurry.ring();
      await writing;
    },
  };
}

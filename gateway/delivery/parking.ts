import { setTimeout as pause } from 'node:timers/promises';
import type { LaneMember, OutboxStore } from './outbox-store.ts';

/** After a failure of the records. */
const TROUBLE_PAUSE_MS = 1_000;

/**
 * Sets deliveries aside that find no place in their lane, beside the outbox's rounds: the write waits for its turn and for the disk,
 * which what has a place need not.
 */
export interface Parking {
  /** What is being set aside now; empty where nothing is. */
  readonly members: readonly LaneMember[];
  /** Begins, unless others are being set aside: then whoever asks finds these again once it has ended. */
  begin(members: readonly LaneMember[]): void;
  /** Resolves when nothing is being set aside any more. */
  ended(): Promise<void>;
}

export interface ParkingParts {
  readonly store: Pick<OutboxStore, 'park'>;
  readonly onTrouble: (what: string, error: unknown) => void;
  /** Called each time it ends, also where it failed. */
  readonly onEnded: () => void;
}

export function createParking({ store, onTrouble, onEnded }: ParkingParts): Parking {
  let members: readonly LaneMember[] = [];
  let working: Promise<void> = Promise.resolve();

  async function park(): Promise<void> {
    try {
      await store.park(members);
    } catch (error) {
      onTrouble('deliveries could not be set aside', error);
      await pause(TROUBLE_PAUSE_MS);
    }
    members = [];
    onEnded();
  }

  return {
    get members() {
      return members;
    },
    begin(wanted) {
      if (members.length > 0 || wanted.length === 0) return;
      members = wanted;
      working = park();
    },
    ended: () => working,
  };
}

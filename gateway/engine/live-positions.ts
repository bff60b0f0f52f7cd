import type { LiveEvent } from '../http/dependencies.ts';
import type { PositionNote } from './outcome.ts';

/** A device that has said nothing for this long (domain time) is not live any more. */
const LIVE_MS = 10 * 60_000;
/** Devices kept; beyond it those that were heard of longest ago are left out. */
const MOST_DEVICES = 100_000;

/** Latest position of each device, and which of them changed since they were last told. */
export interface LivePositions {
  note(positions: Iterable<PositionNote>): void;
  /** All of them, for a stream that begins. */
  snapshot(now: number): readonly LiveEvent[];
  /** Those that changed since the last call. */
  takeChanged(): readonly LiveEvent[];
}

export function createLivePositions(): LivePositions {
  /** Insertion order is order of hearing. */
  const latest = new Map<string, PositionNote>();
  const changed = new Set<string>();
  const event = (note: PositionNote): LiveEvent => ({ kind: 'position', ...note });

  return {
    note(positions) {
      for (const note of positions) {
        latest.delete(note.device);
        latest.set(note.device, note);
        changed.add(note.device);
      }
      for (const device of latest.keys()) {
        if (latest.size <= MOST_DEVICES) break;
        latest.delete(device);
        changed.delete(device);
      }
    },
    snapshot(now) {
      for (const [device, note] of latest) if (note.at < now - LIVE_MS) latest.delete(device);
      return [...latest.values()].map(event);
    },
    takeChanged() {
      const events = [...changed].flatMap((device) => {
        const note = latest.get(device);
        return note === undefined ? [] : [event(note)];
      });
      changed.clear();
      return events;
    },
  };
}

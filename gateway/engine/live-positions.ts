import type { AdmittedReading } from '../../rules/step.ts';
import type { LiveEvent } from '../http/dependencies.ts';
import type { KnownDevice } from './registry.ts';

/** A device that has said nothing for this long (domain time) is not live any more. */
const LIVE_MS = 10 * 60_000;
/** Devices kept; beyond it those that were heard of longest ago are left out. */
const MOST_DEVICES = 100_000;

interface PositionNote {
  readonly device: string;
  readonly type: string;
  readonly consumer: string | null;
  readonly at: number;
  readonly lat: number;
  readonly lon: number;
  readonly heading?: number;
  readonly speed?: number;
}

/** Latest position of each device, and which of them changed since they were last told. */
export interface LivePositions {
  note(positions: Iterable<readonly [KnownDevice, AdmittedReading]>): void;
  /** Of a device that is no more. */
  forget(device: string): void;
  /** No device is this person's any more. */
  forgetOwner(consumer: string): void;
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
      for (const [device, reading] of positions) {
        const note = noteOf(device, reading);
        if (note === null) continue;
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
    forget(device) {
      latest.delete(device);
      changed.delete(device);
    },
    forgetOwner(consumer) {
      for (const [device, note] of latest)
        if (note.consumer === consumer) latest.set(device, { ...note, consumer: null });
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

function noteOf(device: KnownDevice, { at, position }: AdmittedReading): PositionNote | null {
  if (position === undefined) return null;
  const { lat, lon, heading, speed } = position;
  return {
    device: device.id,
    type: device.type,
    consumer: device.consumerId,
    at,
    lat,
    lon,
    ...(heading === undefined ? {} : { heading }),
    ...(speed === undefined ? {} : { speed }),
  };
}

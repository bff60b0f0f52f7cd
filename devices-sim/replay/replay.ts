import { setTimeout as sleep } from 'node:timers/promises';
import { type FaultsSoFar, sumOfFaults } from '../faults/fault-words.ts';
import { aborted, type DeviceLink } from './device-link.ts';
import { iso, type Pace } from './pace.ts';
import type { RecordedReading } from './recording.ts';

const PROGRESS_MS = 1_000;
const DRAIN_MS = 30_000;
/** After Ctrl-C. */
const DRAIN_WHEN_STOPPED_MS = 3_000;

/** What one device is to send. */
export interface Track {
  readonly link: DeviceLink;
  /** In order of time, with the times that they are to be sent with. */
  readonly readings: readonly RecordedReading[];
}

export interface ReplayProgress {
  /** Messages; with faults, repetitions and garbage too. */
  readonly published: number;
  readonly acknowledged: number;
  /** Readings in the recordings. */
  readonly total: number;
  /** Domain time, ISO 8601; null when nothing keeps pace with it. */
  readonly now: string | null;
  readonly lastError: string | null;
  /** Null where there are to be none. */
  readonly faults: FaultsSoFar | null;
}

export interface ReplayResult extends ReplayProgress {
  /** Whether it was told to stop before the end. */
  readonly stopped: boolean;
}

/**
 * Sends every track at its pace, waits for what is unacknowledged, and closes the connections.
 *
 * @param pace null sends as fast as it is acknowledged
 * @param stop ends it early
 * @param tell is called every second, and not at the end
 */
export async function replay(
  tracks: readonly Track[],
  pace: Pace | null,
  stop: AbortSignal,
  tell: (progress: ReplayProgress) => void,
): Promise<ReplayResult> {
  const total = tracks.reduce((sum, { readings }) => sum + readings.length, 0);
  const progress = (): ReplayProgress => {
    const counters = tracks.map(({ link }) => link.counters());
    const faults = counters.flatMap(({ faults: one }) => (one === null ? [] : [one]));
    return {
      published: counters.reduce((sum, { published }) => sum + published, 0),
      acknowledged: counters.reduce((sum, { acked }) => sum + acked, 0),
      total,
      now: pace === null ? null : iso(pace.now()),
      lastError: counters.find(({ lastError }) => lastError !== null)?.lastError ?? null,
      faults: faults.length === 0 ? null : sumOfFaults(faults),
    };
  };
  const timer = setInterval(() => tell(progress()), PROGRESS_MS);
  try {
    // A track that waits for room in its connection does not hear the signal itself.
    await Promise.race([Promise.all(tracks.map((track) => sendTrack(track, pace, stop))), aborted(stop)]);
    // Ctrl-C while it waits for acknowledgements cuts the waiting short, and leaves a moment when it came before.
    const giveUp = stop.aborted
      ? AbortSignal.timeout(DRAIN_WHEN_STOPPED_MS)
      : AbortSignal.any([stop, AbortSignal.timeout(DRAIN_MS)]);
    await Promise.all(tracks.map(({ link }) => link.drain(giveUp)));
  } finally {
    clearInterval(timer);
    await Promise.all(tracks.map(({ link }) => link.close()));
  }
  return { ...progress(), stopped: stop.aborted };
}

async function sendTrack({ link, readings }: Track, pace: Pace | null, stop: AbortSignal): Promise<void> {
  for (const reading of readings) {
    if (pace !== null) await untilDue(pace, reading.at, stop);
    if (stop.aborted) return;
    await link.send(reading);
  }
  await link.flush();
}

/** Rounds up, for a reading must not be there before its own time. */
async function untilDue(pace: Pace, at: number, stop: AbortSignal): Promise<void> {
  const LONGEST_TIMER_MS = 2 ** 31 - 1;
  for (let ms = pace.realMsUntil(at); ms > 0 && !stop.aborted; ms = pace.realMsUntil(at)) {
    await untilStopped(sleep(Math.min(LONGEST_TIMER_MS, Math.ceil(ms)), undefined, { signal: stop }), stop);
  }
}

/** A wait that ends with the signal has ended as it was asked to. */
async function untilStopped(wait: Promise<void>, stop: AbortSignal): Promise<void> {
  try {
    await wait;
  } catch (error) {
    if (!stop.aborted) throw error;
  }
}

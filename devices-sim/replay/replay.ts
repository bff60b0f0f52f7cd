import { setTimeout as sleep } from 'node:timers/promises';
import type { DeviceLink } from './device-link.ts';
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
  readonly published: number;
  readonly acknowledged: number;
  readonly total: number;
  /** Domain time, ISO 8601; null when nothing keeps pace with it. */
  readonly now: string | null;
  readonly lastError: string | null;
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
    return {
      published: counters.reduce((sum, { published }) => sum + published, 0),
      acknowledged: counters.reduce((sum, { acked }) => sum + acked, 0),
      total,
      now: pace === null ? null : iso(pace.now()),
      lastError: counters.find(({ lastError }) => lastError !== null)?.lastError ?? null,
    };
  };
  const timer = setInterval(() => tell(progress()), PROGRESS_MS);
  try {
    await Promise.all(tracks.map((track) => sendTrack(track, pace, stop)));
    const patienceMs = stop.aborted ? DRAIN_WHEN_STOPPED_MS : DRAIN_MS;
    await Promise.all(tracks.map(({ link }) => drain(link, patienceMs, stop)));
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
}

/** Rounds up, for a reading must not be there before its own time. */
async function untilDue(pace: Pace, at: number, stop: AbortSignal): Promise<void> {
  const LONGEST_TIMER_MS = 2 ** 31 - 1;
  for (let ms = pace.realMsUntil(at); ms > 0 && !stop.aborted; ms = pace.realMsUntil(at)) {
    await untilStopped(sleep(Math.min(LONGEST_TIMER_MS, Math.ceil(ms)), undefined, { signal: stop }), stop);
  }
}

/** Ctrl-C while it waits for acknowledgements cuts the waiting short. */
async function drain(link: DeviceLink, patienceMs: number, stop: AbortSignal): Promise<void> {
  const stopped = new Promise<void>((resolve) => {
    if (!stop.aborted) stop.addEventListener('abort', () => resolve(), { once: true });
  });
  await Promise.race([link.drain(patienceMs), stopped]);
}

/** A wait that ends with the signal has ended as it was asked to. */
async function untilStopped(wait: Promise<void>, stop: AbortSignal): Promise<void> {
  try {
    await wait;
  } catch (error) {
    if (!stop.aborted) throw error;
  }
}

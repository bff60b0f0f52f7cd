/** The gateway's domain clock as /healthz told it. */
export interface GatewayTime {
  /** Epoch ms. */
  readonly now: number;
  /** Domain milliseconds per real millisecond. */
  readonly timeScale: number;
}

/** When to send what. */
export interface Pace {
  /** Domain time, epoch ms. Never ahead of the gateway's: it was read there before the answer came. */
  now(): number;
  /** Real ms until domain time `at`; 0 or less when it has passed. */
  realMsUntil(at: number): number;
}

/**
 * @param gateway what /healthz said
 * @param heardAt `monotonicNow()` when the answer had come
 * @param monotonicNow real ms
 */
export function createPace(gateway: GatewayTime, heardAt: number, monotonicNow: () => number): Pace {
  const now = () => gateway.now + (monotonicNow() - heardAt) * gateway.timeScale;
  return { now, realMsUntil: (at) => (at - now()) / gateway.timeScale };
}

/** How late the first reading may come: later, and all of the beginning would only be stored. */
const LATE_AFTER_MS = 120_000;
/** Real time that a person needs to start the replay after the gateway. */
const HEAD_START_MS = 30_000;

/** Why a replay at `speed` would not keep pace with this gateway, or null; says what to do. */
export function whyNotAtSpeed(gateway: GatewayTime, speed: number): string | null {
  if (gateway.timeScale === speed) return null;
  return (
    `the gateway's clock runs ${gateway.timeScale} times as fast as real time, and this replay ${speed} times: ` +
    `start the gateway with WAYSIDE_TIME_SCALE=${speed}, or use --speed ${gateway.timeScale}`
  );
}

/**
 * Why a journey with its own times comes too late for this gateway, or null; says what to do.
 *
 * @param firstAt time of the first reading, epoch ms
 */
export function whyTooLate(gateway: GatewayTime, firstAt: number): string | null {
  if (gateway.now - firstAt <= LATE_AFTER_MS) return null;
  const start = iso(timeStartFor(firstAt, gateway.timeScale));
  return (
    `the gateway's clock says ${iso(gateway.now)}, and the journey began at ${iso(firstAt)}: what is that late is stored ` +
    `and never triggers. Start the gateway with WAYSIDE_TIME_START=${start}, add --shift-to-now, or use --backfill if ` +
    'storing is all you want'
  );
}

/** A WAYSIDE_TIME_START that leaves half a minute of real time to start the replay in, epoch ms. */
export function timeStartFor(firstAt: number, speed: number): number {
  return firstAt - HEAD_START_MS * speed;
}

export function iso(at: number): string {
  return new Date(at).toISOString();
}

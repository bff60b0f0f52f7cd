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

/**
 * Why the recording can't be replayed at `speed` with its own times against this gateway, or null; says what to do.
 *
 * @param firstAt time of the first reading, epoch ms
 */
export function whyNotNow(gateway: GatewayTime, speed: number, firstAt: number): string | null {
  if (gateway.timeScale !== speed) {
    return (
      `the gateway's clock runs ${gateway.timeScale} times as fast as real time, and --speed asks for ${speed}: ` +
      `start the gateway with WAYSIDE_TIME_SCALE=${speed}, or use --speed ${gateway.timeScale}`
    );
  }
  const behindMs = gateway.now - firstAt;
  if (behindMs > LATE_AFTER_MS) {
    return (
      `the gateway's clock says ${iso(gateway.now)}, and the journey began at ${iso(firstAt)}: what is that late is stored ` +
      `and never triggers. Start the gateway with WAYSIDE_TIME_START=${iso(firstAt)}, use --shift-to-now, or --backfill if ` +
      'storing is all you want'
    );
  }
  return null;
}

export function iso(at: number): string {
  return new Date(at).toISOString();
}

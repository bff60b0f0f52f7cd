import { setImmediate as nextTurn } from 'node:timers/promises';
import { SEEN_TO_WITHIN_MS } from './persistence/owners.ts';
import type { Session } from './sessions.ts';

/** Looked at in one turn: less than a millisecond. */
const LOOKED_AT_IN_A_TURN = 1000;
/** Ended in one sweep, each with a write; what is left goes with the next ones. */
const ENDED_A_SWEEP = 500;
/** Whoever was away while this process was, has so long to come back. */
const GRACE_MS = 3_600_000;
/** Real time that goes on by so much more than the process' own was set, or the machine slept. */
const JUMP_MS = 60_000;

interface Ports {
  realNow(): number;
  /** Time that nobody sets, ms since any moment. */
  monotonicNow(): number;
  /** How long a session lasts without a connection, and how often it is looked whether one is over. */
  readonly limits: { readonly sessionLastsMs: number; readonly sessionSweepMs: number };
  lasting(): readonly Session[];
  /** Whether nothing can be written, so that nothing can be ended. */
  isInTrouble(): boolean;
  /** Notes when a session was last connected, as far as the disk is to know. */
  seen(clientId: string, at: number): void;
  /** Ends a session that nobody is connected to; false where it had ended already. */
  end(session: Session): Promise<boolean>;
  onEnded(sessions: number): void;
  onUnexpected(error: unknown): void;
}

/** Ends sessions that nobody has connected to for long, by real time; one that is connected never ends. */
export class SessionExpiry {
  readonly #ports: Ports;
  #timer: NodeJS.Timeout | null = null;
  #sweep: Promise<void> | null = null;
  #stopped = false;
  /** Real time less the monotonic one at the latest sweep. */
  #offset = 0;

  constructor(ports: Ports) {
    this.#ports = ports;
  }

  start(): void {
    this.#offset = this.#ports.realNow() - this.#ports.monotonicNow();
    this.#timer = setInterval(() => {
      this.#sweep ??= this.#look()
        .catch((error: unknown) => this.#ports.onUnexpected(error))
        .finally(() => {
          this.#sweep = null;
        });
    }, this.#ports.limits.sessionSweepMs);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#sweep;
  }

  /** When a session of an earlier process counts as last connected. @param stored epoch ms, or null where that was not noted */
  restoredAt(stored: number | null): number {
    const now = this.#ports.realNow();
    const seenAt = stored === null ? now : Math.min(stored + SEEN_TO_WITHIN_MS, now);
    return Math.max(seenAt, this.#atLeast(now));
  }

  /** When a session that may not end for an hour was connected last, at the earliest. */
  #atLeast(now: number): number {
    return now - this.#ports.limits.sessionLastsMs + GRACE_MS;
  }

  /** Whoever was away while the clock was set forward, or the machine slept, has as long as after a start. */
  #afterJump(now: number): void {
    const offset = now - this.#ports.monotonicNow();
    const isJump = offset - this.#offset > JUMP_MS;
    this.#offset = offset;
    if (!isJump) return;
    const atLeast = this.#atLeast(now);
    for (const session of this.#ports.lasting()) session.seenAt = Math.max(session.seenAt, atLeast);
  }

  async #look(): Promise<void> {
    const { limits, isInTrouble, seen, end, realNow, onEnded } = this.#ports;
    if (isInTrouble()) return;
    const now = realNow();
    this.#afterJump(now);
    let looked = 0;
    let ended = 0;
    try {
      for (const session of this.#ports.lasting()) {
        if (++looked % LOOKED_AT_IN_A_TURN === 0) await nextTurn();
        if (this.#stopped || ended >= ENDED_A_SWEEP) return;
        // It may have ended, or be connected, since the sweep began.
        if (session.clean) continue;
        // One that lies ahead was noted before the clock was set back.
        if (session.connections > 0 || session.seenAt > now) session.seenAt = now;
        if (now - session.seenAt < limits.sessionLastsMs) seen(session.clientId, session.seenAt);
        else if (await end(session)) ended += 1;
      }
    } finally {
      if (ended > 0) onEnded(ended);
    }
  }
}

import { setImmediate as nextTurn } from 'node:timers/promises';
import { SEEN_TO_WITHIN_MS } from './persistence/durable-persistence.ts';
import type { Session } from './sessions.ts';

/** Looked at in one turn: less than a millisecond. */
const LOOKED_AT_IN_A_TURN = 1000;
/** Ended in one sweep, each with a write; what is left goes with the next ones. */
const ENDED_A_SWEEP = 500;
/** Whoever was away while this process was, has so long to come back. */
const GRACE_MS = 3_600_000;

interface Ports {
  realNow(): number;
  /** How long a session lasts without a connection, and how often it is looked whether one is over. */
  readonly limits: { readonly sessionLastsMs: number; readonly sessionSweepMs: number };
  lasting(): readonly Session[];
  /** Whether nothing can be written, so that nothing can be ended. */
  isInTrouble(): boolean;
  /** Notes when a session was last connected, as far as the disk is to know. */
  seen(clientId: string, at: number): void;
  /** Ends a session that nobody is connected to. */
  end(session: Session): Promise<void>;
  onEnded(sessions: number): void;
  onUnexpected(error: unknown): void;
}

/** Ends sessions that nobody has connected to for long, by real time; one that is connected never ends. */
export class SessionExpiry {
  readonly #ports: Ports;
  #timer: NodeJS.Timeout | null = null;
  #sweep: Promise<void> | null = null;
  #stopped = false;

  constructor(ports: Ports) {
    this.#ports = ports;
  }

  start(): void {
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
    return Math.max(seenAt, now - this.#ports.limits.sessionLastsMs + GRACE_MS);
  }

  async #look(): Promise<void> {
    const { limits, isInTrouble, seen, end, realNow, onEnded } = this.#ports;
    if (isInTrouble()) return;
    const now = realNow();
    let looked = 0;
    let ended = 0;
    try {
      for (const session of this.#ports.lasting()) {
        if (++looked % LOOKED_AT_IN_A_TURN === 0) await nextTurn();
        if (this.#stopped || ended >= ENDED_A_SWEEP) return;
        // It may have ended, or be connected, since the sweep began.
        if (session.clean) continue;
        if (session.connections > 0) session.seenAt = now;
        if (now - session.seenAt < limits.sessionLastsMs) seen(session.clientId, session.seenAt);
        else {
          await end(session);
          ended += 1;
        }
      }
    } finally {
      if (ended > 0) onEnded(ended);
    }
  }
}

import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { Schema } from './records/schema.ts';
import { takeEndedTokens } from './records/tokens.ts';

/** Longest that a timer of Node can be set to, and a bound for a clock that was moved. */
const LONGEST_WAIT_MS = 3_600_000;
const RETRY_MS = 5_000;

export interface TokenExpiry {
  start(): Promise<void>;
  /** A token was replaced: looks anew when the next one ends. */
  changed(): Promise<void>;
  stop(): void;
}

/**
 * Ends connections whose token was replaced, when the time that both were good for is over. (A login looks at that time
 * itself.)
 *
 * @param disconnect closes the connections of a user that logged in with the token of this hash
 */
export function createTokenExpiry(
  db: Kysely<Schema>,
  realNow: () => number,
  disconnect: (userId: string, tokenHash: string) => void,
  log: Logger,
): TokenExpiry {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  async function look(): Promise<void> {
    const now = realNow();
    const { ended, next } = await takeEndedTokens(db, now);
    for (const { userId, tokenHash } of ended) disconnect(userId, tokenHash);
    if (next !== null) lookIn(next - now);
  }

  function lookIn(waitMs: number): void {
    if (stopped) return;
    clearTimeout(timer);
    timer = setTimeout(
      () => {
        look().catch((error: unknown) => {
          log.error({ err: error }, 'tokens that are over could not be looked up');
          lookIn(RETRY_MS);
        });
      },
      Math.min(Math.max(waitMs, 0), LONGEST_WAIT_MS),
    );
    timer.unref();
  }

  return {
    start: look,
    changed: look,
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

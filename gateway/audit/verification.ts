import { setImmediate, setTimeout } from 'node:timers/promises';
import type { ChainSource } from './chain-source.ts';
import { type ChainBreak, type ChainHead, type VerifiedChain, verifyChain } from './verify.ts';

/** What was found out less than this ago is told as it is. Real time. */
const FRESH_MS = 30_000;
/** From then on the whole log is gone through again, for an entry may be changed after it was looked at. */
const WHOLE_AGAIN_MS = 10 * 60_000;
/** Who asks waits so long for the end; a log of 100,000 entries takes about that. */
const MOST_WAIT_MS = 1_000;

export interface VerificationState {
  /** `verifying`: not known yet, or not any more; the other fields tell of the time before, and `progress` of now. */
  readonly state: 'whole' | 'broken' | 'verifying';
  readonly entries: number;
  /** Entries gone through so far; null where nothing is being verified. */
  readonly progress: number | null;
  readonly head: ChainHead | null;
  readonly broken: ChainBreak | null;
  /** When that was found out, real time; null before the first. */
  readonly verifiedAt: number | null;
}

/** Whether the audit log is whole, found out in the background when somebody asks. */
export interface Verification {
  /** @throws what reading the log throws */
  state(): Promise<VerificationState>;
  stop(): void;
}

/** @param realNow epoch ms */
export function createVerification(source: ChainSource, realNow: () => number): Verification {
  const stopped = new AbortController();
  let found: VerifiedChain | null = null;
  let verifiedAt: number | null = null;
  let wholeAt: number | null = null;
  let running: Promise<void> | null = null;
  let progress = 0;
  /** Why it could not be found out; told to the next who asks. */
  let failure: unknown = null;

  async function verify(): Promise<void> {
    const now = realNow();
    const isRecent = wholeAt !== null && now - wholeAt < WHOLE_AGAIN_MS;
    const after = found !== null && found.broken === null && isRecent ? found : undefined;
    progress = after?.entries ?? 0;
    found = await verifyChain(source, {
      after,
      stopped: stopped.signal,
      // Requests come to their turn between two slices.
      progressed: async (entries) => {
        progress = entries;
        await setImmediate();
      },
    });
    if (after === undefined) wholeAt = now;
    verifiedAt = realNow();
  }

  return {
    async state() {
      const isFresh = verifiedAt !== null && realNow() - verifiedAt < FRESH_MS;
      if (!isFresh && !stopped.signal.aborted) {
        running ??= verify()
          .catch((error: unknown) => {
            failure = error;
          })
          .finally(() => {
            running = null;
          });
        const waited = new AbortController();
        await Promise.race([
          running,
          setTimeout(MOST_WAIT_MS, undefined, { signal: waited.signal }).catch(() => undefined),
        ]).finally(() => waited.abort());
      }
      if (failure !== null) {
        const error = failure;
        failure = null;
        throw error;
      }
      const isRunning = running !== null;
      return {
        state: isRunning || found === null ? 'verifying' : found.broken === null ? 'whole' : 'broken',
        entries: found?.entries ?? 0,
        progress: isRunning ? progress : null,
        head: found?.head ?? null,
        broken: found?.broken ?? null,
        verifiedAt,
      };
    },
    stop: () => stopped.abort(),
  };
}

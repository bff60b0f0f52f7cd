import { WaysideError } from '../errors.ts';

/** Callers that wait at once; each holds a request open. */
const MAX_WAITERS = 1_000;

export interface Waiter {
  /** Resolves when the command has ended, when the time is up, or when the caller is gone. */
  readonly over: Promise<void>;
  stop(): void;
}

/** Callers that wait for the end of a command. */
export class Waiters {
  readonly #byCommand = new Map<string, Set<() => void>>();
  #count = 0;

  /**
   * @param gone aborted when the caller no longer waits
   * @throws WaysideError `too_many_requests`
   */
  listen(commandId: string, milliseconds: number, gone: AbortSignal): Waiter {
    if (this.#count >= MAX_WAITERS)
      throw new WaysideError('too_many_requests', `${MAX_WAITERS} callers wait for replies already`);
    this.#count += 1;
    const { promise: over, resolve } = Promise.withResolvers<void>();
    const waiting = this.#byCommand.get(commandId) ?? new Set();
    this.#byCommand.set(commandId, waiting.add(resolve));
    const timer = setTimeout(resolve, milliseconds);
    const leave = () => resolve();
    gone.addEventListener('abort', leave);
    if (gone.aborted) resolve();
    const stop = () => {
      clearTimeout(timer);
      gone.removeEventListener('abort', leave);
      if (!waiting.delete(resolve)) return;
      this.#count -= 1;
      if (waiting.size === 0) this.#byCommand.delete(commandId);
    };
    return { over, stop };
  }

  get count(): number {
    return this.#count;
  }

  /** A command has ended. */
  tell(commandId: string): void {
    for (const resolve of this.#byCommand.get(commandId) ?? []) resolve();
  }

  /** Lets everybody go. */
  release(): void {
    for (const waiting of this.#byCommand.values()) for (const resolve of waiting) resolve();
  }
}

import type { DurableMap } from './durable-map.ts';
import { keys } from './entries.ts';

/** After a write that failed: long enough for a full disk to be no busy loop, short enough for a device to try again. */
const RETRY_MS = 1000;

interface Waiter {
  resolve(): void;
  reject(error: Error): void;
}

/**
 * Follows the sessions in memory on disk. Changes of the time that one write takes go with the next one, so that any number
 * of them costs one fsync; what came and went between two writes is never written.
 */
export class Mirror {
  readonly #map: DurableMap;
  readonly #onTrouble: (error: Error) => void;
  #pending = new Map<string, Uint8Array | null>();
  #waiting: Waiter[] = [];
  #writing = false;
  #closed = false;
  #retry: NodeJS.Timeout | null = null;
  #idle: (() => void)[] = [];
  /** Why the latest write failed, or null. */
  trouble: string | null = null;

  /** @param onTrouble told of each write that failed */
  constructor(map: DurableMap, onTrouble: (error: Error) => void) {
    this.#map = map;
    this.#onTrouble = onTrouble;
  }

  /** Notes an entry; it is on disk after the next write. */
  put(key: string, value: Uint8Array): void {
    this.#note(key, value);
  }

  /** Notes that an entry is gone. */
  remove(key: string): void {
    this.#note(key, null);
  }

  /** Resolves when all that was noted so far is on disk. @throws where the write failed; it is tried again later */
  flushed(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push({ resolve, reject });
    this.#begin();
    return promise;
  }

  /**
   * Notes entries and waits until they are on disk. What can't be written is not kept for later either: whoever asked for
   * it is told so, and the memory goes without it as well.
   */
  async commit(entries: Iterable<readonly [string, Uint8Array]>): Promise<void> {
    const noted = [...entries];
    for (const [key, value] of noted) this.put(key, value);
    try {
      await this.flushed();
    } catch (error) {
      for (const [key, value] of noted) if (this.#pending.get(key) === value) this.#pending.delete(key);
      throw error;
    }
  }

  /** Writes what is left; nothing is noted any more. */
  async close(): Promise<void> {
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#retry = null;
    this.#begin();
    if (this.#writing) await new Promise<void>((resolve) => this.#idle.push(resolve));
    this.#closed = true;
  }

  #note(key: string, value: Uint8Array | null): void {
    if (this.#closed) return;
    this.#pending.set(key, value);
    this.#begin();
  }

  #begin(): void {
    if (this.#writing) return;
    this.#writing = true;
    // What this turn of the event loop still brings goes along.
    setImmediate(() => void this.#write());
  }

  async #write(): Promise<void> {
    const changes = this.#pending;
    const waiting = this.#waiting;
    this.#pending = new Map();
    this.#waiting = [];
    let error: Error | null = null;
    // Nothing waits, as what failed was taken back: whether the disk is well again shows only by a write.
    if (this.trouble !== null && changes.size === 0) changes.set(keys.probe(), new Uint8Array(0));
    try {
      if (changes.size > 0) await this.#map.write(changes);
      this.trouble = null;
    } catch (cause) {
      error = cause instanceof Error ? cause : new Error(String(cause));
      this.trouble = error.message;
      this.#onTrouble(error);
      changes.delete(keys.probe());
      // What has changed since is newer.
      for (const [key, value] of this.#pending) changes.set(key, value);
      this.#pending = changes;
    }
    this.#writing = false;
    for (const { resolve, reject } of waiting) error === null ? resolve() : reject(error);
    if (error !== null && !this.#closed) {
      this.#retry ??= setTimeout(() => {
        this.#retry = null;
        this.#begin();
      }, RETRY_MS);
    } else if (this.#pending.size > 0 || this.#waiting.length > 0) {
      this.#begin();
      return;
    }
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}

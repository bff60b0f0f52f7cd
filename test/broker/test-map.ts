import type { DurableMap, MapChanges } from '../../broker/persistence/durable-map.ts';

/** A map that lies in memory, so that a test can take it as a crash would leave it, or have it fail. */
export class TestMap implements DurableMap {
  readonly entries_: Map<string, Uint8Array>;
  failure: Error | null = null;
  /** Writes wait for it. */
  held: Promise<void> | null = null;
  /** Keys of what is being written. */
  writing: readonly string[] = [];
  writes = 0;
  /** Keys of all that was ever put. */
  readonly put: string[] = [];

  constructor(entries: ReadonlyMap<string, Uint8Array> = new Map()) {
    this.entries_ = new Map(entries);
  }

  async *entries(): AsyncGenerator<readonly [string, Uint8Array]> {
    yield* [...this.entries_].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  async write(changes: MapChanges): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.writing = [...changes.keys()];
    await this.held;
    if (this.failure !== null) throw this.failure;
    this.writes += 1;
    for (const [key, value] of changes) {
      if (value !== null) this.put.push(key);
      value === null ? this.entries_.delete(key) : this.entries_.set(key, value);
    }
  }

  keys(kind: string): string[] {
    return [...this.entries_.keys()].filter((key) => key.startsWith(`${kind}/`)).sort();
  }
}

/** What another process finds that starts when this one is killed now. */
export const afterCrash = (map: TestMap): TestMap => new TestMap(map.entries_);

/** Keys and their new values; null removes. */
export type MapChanges = ReadonlyMap<string, Uint8Array | null>;

/** A sorted map on disk, in which the broker keeps what outlives its process: sessions, retained messages and wills. */
export interface DurableMap {
  /** All entries, in order of their keys. */
  entries(): AsyncIterable<readonly [key: string, value: Uint8Array]>;
  /** Writes all or nothing; resolves when it is on disk. Called again only when it has settled. */
  write(changes: MapChanges): Promise<void>;
}

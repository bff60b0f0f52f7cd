/** One PUBLISH as it arrived; what the journal keeps. */
export interface JournalEntry {
  /** Domain time of arrival, epoch ms. */
  readonly receivedAt: number;
  readonly topic: string;
  /** The device that the message is about: by its topic, or by the alias that its sender has in a dialect. */
  readonly userId: string;
  readonly clientId: string;
  /** 0 for QoS 0. */
  readonly packetId: number;
  readonly qos: 0 | 1 | 2;
  readonly dup: boolean;
  readonly payload: Uint8Array;
  /** Size of the payload as sent, where only its head was kept; else 0. */
  readonly truncatedFrom: number;
  /** How many sequence numbers to set aside: 1, or 1,000 where the payload may hold several readings. */
  readonly span: number;
}

export interface StoredEntry extends JournalEntry {
  /** Strictly increasing; the entry's n-th reading has sequence `seq + n`. Below 2^53. */
  readonly seq: number;
}

/** What was found when a journal was opened. */
export interface JournalOpening {
  /** Highest sequence that was ever given. */
  readonly lastSeq: number;
  /** Entries up to here were deleted, for all readers had them. */
  readonly trimmedSeq: number;
  /** What could not be read and was set aside, said for an operator; null where all is well. */
  readonly damage: string | null;
}

/** What a journal takes of its disk. */
export interface JournalSpace {
  /** Entries and their index, bytes; what was deleted does not count. */
  readonly usedBytes: number;
  /** Beyond that nothing is taken. */
  readonly maxBytes: number;
  /** Commits that failed since the start; each is tried again. */
  readonly failedCommits: number;
}

/** By the id of a device: entries of it up to which sequence are to be erased. */
export type ErasedEntries = ReadonlyMap<string, number>;

/** The writing side; lives on the socket thread, and never blocks it. */
export interface Journal {
  /** Opens or creates the journal. */
  start(): Promise<JournalOpening>;
  /** Commits what was appended if the disk takes it now, then closes; what it does not take is refused. */
  stop(): Promise<void>;
  /**
   * Appends in call order. Resolves when the entry is on disk (fsync), however long that takes: what can't be written (no
   * space, an error of the disk) is tried again until it is. Whoever appends bounds what waits. Rejects with a coded error
   * only when the journal ends; the entry is then not in the journal, and the sender must not be acknowledged.
   */
  append(entry: JournalEntry): Promise<void>;
  /** Highest sequence that was given: whatever is appended from now on has a higher one. */
  readonly givenSeq: number;
  /** Payload bytes that were appended and are not yet on disk. */
  readonly pendingBytes: number;
  /** Why nothing can be written now, or null. */
  readonly trouble: string | null;
  readonly space: JournalSpace;
  /** Calls back with the newest sequence after each commit. Returns the unsubscribe. */
  onCommitted(listener: (lastSeq: number) => void): () => void;
  /**
   * Lets go of entries up to and including `seq`, which must never lie beyond what all readers have. Those that arrived at or
   * after `receivedBefore` (domain time, epoch ms; without it none) are kept until a later call, or until room is needed.
   */
  trim(seq: number, receivedBefore?: number): Promise<void>;
  /** Looks whether there is space, so that `trouble` tells it also while nothing is appended. */
  checkSpace(): Promise<void>;
  /**
   * Overwrites entries, and all that was deleted earlier, in the journal's files. Where there is anybody to erase, what a torn
   * journal left behind goes as a whole. Their sequences stay taken, and readers find entries that are nobody's there. Appends
   * go on meanwhile, and go first: an erasure that needs their room is refused. It is to be asked for again until it succeeds.
   */
  erase(erased: ErasedEntries): Promise<void>;
  /** No sequence up to `seq` is given from now on: readers have been there with a journal that was lost. */
  continueAbove(seq: number): Promise<void>;
  /** From now on what can't be written is refused instead of tried again, and nothing is erased: the process is about to leave. */
  giveUpOnTrouble(): void;
}

/** The reading side; used off the socket thread, as often as there are consumers. */
export interface JournalReader {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Entries with a sequence above `afterSeq` in order; at most `limit`, at most about `maxBytes` of payload (at least one). */
  read(afterSeq: number, limit: number, maxBytes: number): Promise<readonly StoredEntry[]>;
  /** Highest sequence that is on disk (of the last entry's last reading), 0 for an empty journal. */
  lastSeq(): Promise<number>;
  /** How much lies beyond `afterSeq`, and since when (domain time, epoch ms); null where nothing does. */
  behind(afterSeq: number): Promise<JournalBacklog | null>;
}

/** What a reader of the journal has before it. */
export interface JournalBacklog {
  /** Bytes of the segments that hold it: to within one segment (1 MiB). */
  readonly bytes: number;
  /** Arrival of the oldest entry. */
  readonly oldestReceivedAt: number;
}

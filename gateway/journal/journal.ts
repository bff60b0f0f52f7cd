/** One PUBLISH as it arrived; what the journal keeps. */
export interface JournalEntry {
  /** Domain time of arrival, epoch ms. */
  readonly receivedAt: number;
  readonly topic: string;
  /** The authenticated user: a device id. */
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

/** The writing side; lives on the socket thread, and never blocks it. */
export interface Journal {
  /** Opens or creates the journal. */
  start(): Promise<void>;
  /** Commits what was appended, then closes. */
  stop(): Promise<void>;
  /**
   * Appends in call order. Resolves when the entry is on disk (fsync). Rejects with a coded error when it could not be
   * written; the entry is then not in the journal, and the sender must not be acknowledged.
   */
  append(entry: JournalEntry): Promise<void>;
  /** Payload bytes that were appended and are not yet on disk. */
  readonly pendingBytes: number;
  /** Why the latest commit failed, or null where it went well: what was appended since could not be kept. */
  readonly trouble: string | null;
  /** Calls back with the newest sequence after each commit. Returns the unsubscribe. */
  onCommitted(listener: (lastSeq: number) => void): () => void;
  /** Deletes entries up to and including `seq`; never called beyond what all readers have taken. */
  trim(seq: number): Promise<void>;
}

/** The reading side; used off the socket thread, as often as there are consumers. */
export interface JournalReader {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Entries with a sequence above `afterSeq` in order; at most `limit`, at most about `maxBytes` of payload (at least one). */
  read(afterSeq: number, limit: number, maxBytes: number): Promise<readonly StoredEntry[]>;
  /** Highest sequence that is on disk (of the last entry's last reading), 0 for an empty journal. */
  lastSeq(): Promise<number>;
}

import FlatQueue from 'flatqueue';
import type { Kysely } from 'kysely';
import { emptyMemory, type Memory } from '../../rules/memory.ts';
import { inChunks } from '../records/chunks.ts';
import type { Schema } from '../records/schema.ts';

/** Subjects whose memory is kept at hand; beyond it those that were used longest ago are read again when needed. */
const CACHED_SUBJECTS = 100_000;

interface Entry {
  memory: Memory;
  wakeAt: number | null;
  isChanged: boolean;
}

/** `c:` + consumer id, or `d:` + device id for a device that is linked to nobody. */
export type Subject = string;

export function subjectOf(deviceId: string, consumerId: string | null): Subject {
  return consumerId === null ? `d:${deviceId}` : `c:${consumerId}`;
}

/** The consumer of a subject, or null for a device that is linked to nobody. */
export function consumerOf(subject: Subject): string | null {
  return subject.startsWith('c:') ? subject.slice(2) : null;
}

/**
 * What rules/ remembers of each subject, and when each wants its next tick. Changes stay in memory until `save`, which
 * belongs in the transaction that moves the cursor.
 */
export interface Subjects {
  start(): Promise<void>;
  /** Makes sure that the memories of these subjects are at hand. */
  prepare(subjects: Iterable<Subject>): Promise<void>;
  memory(subject: Subject): Memory;
  /** The memory, and when the subject wants its next tick (domain time), as `set` has it. */
  held(subject: Subject): { readonly memory: Memory; readonly wakeAt: number | null };
  set(subject: Subject, memory: Memory, wakeAt: number | null): void;
  /** Forgets a subject that is no more; its row is for the caller to delete. */
  drop(subject: Subject): void;
  /** Writes what changed; call `saved` once the transaction is committed. */
  save(transaction: Kysely<Schema>): Promise<void>;
  saved(): void;
  /** Drops all that was not saved, and reads anew: after a commit that failed. */
  forget(): Promise<void>;
  /** Domain time of the earliest tick that a subject waits for. */
  nextWakeAt(): number | null;
  /** Subjects whose tick is due at `now`; each is given once, and asks again through `set`. */
  takeDue(now: number): readonly Subject[];
}

export function createSubjects(db: Kysely<Schema>): Subjects {
  /** Insertion order is order of use: the first key is the one that was used longest ago. */
  const cache = new Map<Subject, Entry>();
  const changed = new Map<Subject, Entry>();
  /** Holds stale entries too: one counts only while `wanted` has the same time. */
  const wakes = new FlatQueue<Subject>();
  const wanted = new Map<Subject, number>();
  /** The earliest time at which each is in the queue: put off, it is found when that comes, and put in again for its own time. */
  const queuedAt = new Map<Subject, number>();

  const queue = (subject: Subject, at: number) => {
    queuedAt.set(subject, at);
    wakes.push(subject, at);
  };

  const want = (subject: Subject, wakeAt: number | null) => {
    if (wakeAt === null) {
      wanted.delete(subject);
      return;
    }
    wanted.set(subject, wakeAt);
    // A device in a place puts its timer off with every reading.
    if (wakeAt < (queuedAt.get(subject) ?? Infinity)) queue(subject, wakeAt);
  };

  const dropStale = () => {
    for (;;) {
      const subject = wakes.peek();
      const at = wakes.peekValue();
      if (subject === undefined || at === undefined) return;
      const wakeAt = wanted.get(subject);
      if (wakeAt === at) return;
      wakes.pop();
      if (queuedAt.get(subject) !== at) continue;
      queuedAt.delete(subject);
      if (wakeAt !== undefined) queue(subject, wakeAt);
    }
  };

  function prepared(subject: Subject): Entry {
    const entry = cache.get(subject);
    if (entry === undefined) throw new Error('the subject was not prepared');
    return entry;
  }

  function evict(): void {
    for (const [subject, entry] of cache) {
      if (cache.size <= CACHED_SUBJECTS) return;
      if (!entry.isChanged) cache.delete(subject);
    }
  }

  const subjects: Subjects = {
    async start() {
      const rows = await db
        .selectFrom('subject_memories')
        .select(['subject', 'wake_at'])
        .where('wake_at', 'is not', null)
        .execute();
      for (const row of rows) want(row.subject, row.wake_at);
    },
    async prepare(subjects) {
      evict();
      const unknown = new Set<Subject>();
      for (const subject of subjects) {
        const entry = cache.get(subject);
        if (entry === undefined) unknown.add(subject);
        else {
          cache.delete(subject);
          cache.set(subject, entry);
        }
      }
      for (const chunk of inChunks([...unknown])) {
        const rows = await db
          .selectFrom('subject_memories')
          .selectAll()
          .where('subject', 'in', chunk)
          .execute();
        for (const row of rows) {
          const memory = JSON.parse(row.memory_json) as Memory;
          cache.set(row.subject, { memory, wakeAt: row.wake_at, isChanged: false });
        }
      }
      for (const subject of unknown) {
        if (!cache.has(subject)) cache.set(subject, { memory: emptyMemory, wakeAt: null, isChanged: false });
      }
    },
    memory: (subject) => prepared(subject).memory,
    held: prepared,
    set(subject, memory, wakeAt) {
      const entry = prepared(subject);
      // What never waited needs no look into what is waited for; most readings change no timer.
      if (wakeAt !== null || entry.wakeAt !== null) want(subject, wakeAt);
      entry.memory = memory;
      entry.wakeAt = wakeAt;
      if (entry.isChanged) return;
      entry.isChanged = true;
      changed.set(subject, entry);
    },
    drop(subject) {
      cache.delete(subject);
      changed.delete(subject);
      want(subject, null);
    },
    async save(transaction) {
      for (const chunk of inChunks([...changed])) {
        const rows = chunk.map(([subject, { memory, wakeAt }]) => ({
          subject,
          memory_json: JSON.stringify(memory),
          wake_at: wakeAt,
        }));
        await transaction
          .insertInto('subject_memories')
          .values(rows)
          .onConflict((conflict) =>
            conflict.column('subject').doUpdateSet((row) => ({
              memory_json: row.ref('excluded.memory_json'),
              wake_at: row.ref('excluded.wake_at'),
            })),
          )
          .execute();
      }
    },
    saved() {
      for (const entry of changed.values()) entry.isChanged = false;
      changed.clear();
    },
    async forget() {
      cache.clear();
      changed.clear();
      wakes.clear();
      queuedAt.clear();
      wanted.clear();
      await subjects.start();
    },
    nextWakeAt() {
      dropStale();
      return wakes.peekValue() ?? null;
    },
    takeDue(now) {
      const due: Subject[] = [];
      for (;;) {
        dropStale();
        const at = wakes.peekValue();
        if (at === undefined || at > now) return due;
        const subject = wakes.pop();
        if (subject === undefined) return due;
        if (queuedAt.get(subject) === at) queuedAt.delete(subject);
        wanted.delete(subject);
        due.push(subject);
      }
    },
  };
  return subjects;
}

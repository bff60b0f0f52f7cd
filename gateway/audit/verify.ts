import { CHAIN_START, entryHash } from '../records/audit-chain.ts';
import { isRefOf } from '../records/audit-names.ts';
import type { ChainEntry, ChainSource } from './chain-source.ts';

/** Rows a slice: some 10 ms, after which others come to their turn. */
const SLICE_ROWS = 1_000;

/** The last entry that was verified; ids are only for finding it again. */
export interface ChainHead {
  readonly id: number;
  readonly hash: string;
}

/** What is wrong first. */
export interface ChainBreak {
  /**
   * `changed`: its content is not what was hashed; `removed`: one or more entries are missing before it; `inserted`: it was put
   * between two that belong together; `reordered`: it stood elsewhere; `cut`: the log once had an entry that it has not any more;
   * `renamed`: a person or device was given another name.
   */
  readonly kind: 'changed' | 'removed' | 'inserted' | 'reordered' | 'cut' | 'renamed';
  /** Id of the first broken entry; null for `cut` and `renamed`. */
  readonly id: number | null;
  /** A sentence without names. */
  readonly detail: string;
}

export interface VerifiedChain {
  /** Entries that are whole. */
  readonly entries: number;
  /** The last of them; null where there is none. */
  readonly head: ChainHead | null;
  /** Null where all is whole. */
  readonly broken: ChainBreak | null;
}

export interface VerifyOptions {
  /** What was verified before: only what was added since is gone through, and no names. */
  readonly after?: VerifiedChain | undefined;
  /** A hash that the log is known to have had at its end once: without it nobody can tell that the end was cut off. */
  readonly expect?: string | undefined;
  /** Called after each slice, with the number of entries so far; waited for. */
  readonly progressed?: (entries: number) => void | Promise<void>;
  /** Stops between two slices. */
  readonly stopped?: AbortSignal;
}

/**
 * Goes through an audit log from its first entry, slice by slice: whether each is what was hashed and follows on the one before,
 * and whether each name is that of its ref. What is added meanwhile is gone through, too.
 *
 * @throws the signal's reason where it was stopped
 */
export async function verifyChain(source: ChainSource, options: VerifyOptions = {}): Promise<VerifiedChain> {
  let head: ChainHead | null = options.after?.head ?? null;
  let entries = options.after?.entries ?? 0;
  let expectedSeen = options.expect === undefined || options.expect === CHAIN_START;
  for (;;) {
    options.stopped?.throwIfAborted();
    const slice = await source.entries(head?.id ?? Number.MIN_SAFE_INTEGER, SLICE_ROWS);
    for (const entry of slice) {
      const prevHash = head?.hash ?? CHAIN_START;
      if (entry.prev_hash !== prevHash || entry.hash !== entryHash(prevHash, entry)) {
        return { entries, head, broken: await diagnose(source, entry, head) };
      }
      head = { id: entry.id, hash: entry.hash };
      entries += 1;
      if (entry.hash === options.expect) expectedSeen = true;
    }
    await options.progressed?.(entries);
    if (slice.length < SLICE_ROWS) break;
  }
  if (!expectedSeen) {
    const detail = `no entry has the hash ${options.expect}: the log ends before it, or was made anew`;
    return { entries, head, broken: { kind: 'cut', id: null, detail } };
  }
  const broken = options.after === undefined ? await wrongName(source, options.stopped) : null;
  return { entries, head, broken };
}

/** Says what happened where an entry does not follow on the one before. */
async function diagnose(source: ChainSource, entry: ChainEntry, head: ChainHead | null): Promise<ChainBreak> {
  const prevHash = head?.hash ?? CHAIN_START;
  const told = (kind: ChainBreak['kind'], id: number, detail: string): ChainBreak => ({ kind, id, detail });
  const follower = await source.following(prevHash);
  const isGoneOn = follower !== null && follower.id !== entry.id;
  if (entry.hash !== entryHash(entry.prev_hash, entry)) {
    return isGoneOn
      ? told('inserted', entry.id, `entry ${entry.id} was put before entry ${follower.id}`)
      : told('changed', entry.id, `the content of entry ${entry.id} is not what was hashed`);
  }
  // It is whole, and belongs elsewhere.
  const same = await source.withHash(entry.hash);
  if (same !== null && same.id < entry.id)
    return told('inserted', entry.id, `entry ${entry.id} is a copy of entry ${same.id}`);
  const before =
    entry.prev_hash === CHAIN_START
      ? ({ id: Number.MIN_SAFE_INTEGER } as const)
      : await source.withHash(entry.prev_hash);
  if (before === null) {
    if (isGoneOn) return told('inserted', entry.id, `entry ${entry.id} was put before entry ${follower.id}`);
    return removedOrChanged(entry, head);
  }
  if (before.id > entry.id) {
    return told('reordered', entry.id, `entry ${entry.id} does not stand where it was written`);
  }
  if (isGoneOn) return told('inserted', entry.id, `entry ${entry.id} was put before entry ${follower.id}`);
  // Two follow on one: what stands between was put there.
  const [first] = await source.entries(before.id, 1);
  const id = first?.id ?? entry.id;
  return told('inserted', id, `entry ${id} was put before entry ${entry.id}`);
}

function removedOrChanged(entry: ChainEntry, head: ChainHead | null): ChainBreak {
  const lastId = head?.id ?? 0;
  const missing = entry.id - lastId - 1;
  if (missing <= 0) {
    if (head === null) return { kind: 'removed', id: entry.id, detail: 'the first entries are missing' };
    const detail = `entry ${lastId} was changed and hashed anew, or entries between it and entry ${entry.id} are missing`;
    return { kind: 'changed', id: lastId, detail };
  }
  const which = missing === 1 ? `entry ${lastId + 1} is` : `entries ${lastId + 1} to ${entry.id - 1} are`;
  return { kind: 'removed', id: entry.id, detail: `${which} missing before entry ${entry.id}` };
}

/** A ref is a hash over its name: another name does not give it. */
async function wrongName(source: ChainSource, stopped: AbortSignal | undefined): Promise<ChainBreak | null> {
  for (let after = ''; ; ) {
    stopped?.throwIfAborted();
    const slice = await source.names(after, SLICE_ROWS);
    const wrong = slice.find((name) => !isRefOf(name.ref, name.salt, name));
    if (wrong !== undefined) {
      return {
        kind: 'renamed',
        id: null,
        detail: `the name under ${wrong.ref} is not the one it was made for`,
      };
    }
    const last = slice.at(-1);
    if (last === undefined || slice.length < SLICE_ROWS) return null;
    after = last.ref;
  }
}

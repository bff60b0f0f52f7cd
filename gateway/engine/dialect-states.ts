import { type Kysely, sql } from 'kysely';
import type { DialectState, StatefulCodec, StatefullyDecoded } from '../../broker/codecs/codec.ts';
import type { StoredEntry } from '../journal/journal.ts';
import { inChunks } from '../records/chunks.ts';
import type { Schema } from '../records/schema.ts';
import { statefulCodecOf } from './decode-payload.ts';
import { retryOf } from './retry-entry.ts';

/** Senders whose state stays at hand; of a large edge node it is a megabyte. */
const CACHED_SENDERS = 500;

interface Change {
  /** Of the entry. */
  readonly seq: number;
  readonly alias: string;
  readonly before: DialectState | null;
}

/**
 * What stateful dialects remember of their senders. Changes stay in memory until `save`, which belongs in the transaction that
 * moves the cursor: what is decoded again after a crash is decoded from the same state.
 */
export interface DialectStates {
  /** Makes sure that what the entries of stateful dialects build on is at hand. */
  prepare(entries: readonly StoredEntry[]): Promise<void>;
  /** Decodes a prepared entry, and remembers what it changed. */
  decode(codec: StatefulCodec, entry: StoredEntry): StatefullyDecoded;
  /** Decodes what came before, and is taken again: it changes nothing. */
  decodeAgain(codec: StatefulCodec, entry: StoredEntry): StatefullyDecoded;
  /** What was decoded of entries behind `seq` since they were prepared is to be decoded again. */
  undoAfter(seq: number): void;
  save(transaction: Kysely<Schema>): Promise<void>;
  /** Call it when the transaction is committed. */
  saved(): void;
  /** Drops all that was not saved: after a commit that failed. */
  forget(): void;
}

export function createDialectStates(db: Kysely<Schema>): DialectStates {
  /** null: nothing is remembered. Insertion order is order of use. */
  const states = new Map<string, DialectState | null>();
  /** What is saved of each that changed since, to see whether its definitions did. */
  const changed = new Map<string, DialectState | null>();
  /** What stood before each change since the last `prepare`. */
  const changes: Change[] = [];

  async function load(aliases: readonly string[]): Promise<void> {
    for (const alias of aliases) states.set(alias, null);
    for (const chunk of inChunks(aliases)) {
      const rows = await db.selectFrom('dialect_states').selectAll().where('alias', 'in', chunk).execute();
      for (const { alias, definitions_json, progress_json } of rows) {
        states.set(alias, {
          definitions: JSON.parse(definitions_json),
          progress: JSON.parse(progress_json),
        });
      }
    }
  }

  return {
    async prepare(entries) {
      changes.length = 0;
      const wanted = new Set<string>();
      for (const entry of entries) {
        const topic = retryOf(entry)?.topic ?? entry.topic;
        const alias = statefulCodecOf(topic)?.stateKey(topic) ?? '';
        if (alias !== '' && !states.has(alias)) wanted.add(alias);
      }
      if (wanted.size > 0) await load([...wanted]);
    },
    decode(codec, entry) {
      const alias = codec.stateKey(entry.topic);
      const before = states.get(alias) ?? null;
      const decoded = codec.decode(entry.payload, entry, before);
      if (decoded.state !== before) {
        if (!changed.has(alias)) changed.set(alias, before);
        changes.push({ seq: entry.seq, alias, before });
        states.delete(alias);
        states.set(alias, decoded.state);
      }
      return decoded;
    },
    decodeAgain: (codec, entry) =>
      codec.decode(entry.payload, entry, states.get(codec.stateKey(entry.topic)) ?? null),
    undoAfter(seq) {
      for (let last = changes.at(-1); last !== undefined && last.seq > seq; last = changes.at(-1)) {
        states.set(last.alias, last.before);
        changes.pop();
      }
    },
    async save(transaction) {
      for (const [alias, before] of changed) {
        const state = states.get(alias);
        if (state !== undefined && state !== null) await write(transaction, alias, state, before);
      }
    },
    saved() {
      changed.clear();
      changes.length = 0;
      for (const alias of states.keys()) {
        if (states.size <= CACHED_SENDERS) break;
        states.delete(alias);
      }
    },
    forget() {
      states.clear();
      changed.clear();
      changes.length = 0;
    },
  };
}

/** Writes nothing for an alias that is registered no more. */
async function write(
  transaction: Kysely<Schema>,
  alias: string,
  { definitions, progress }: DialectState,
  before: DialectState | null,
): Promise<void> {
  const progressJson = JSON.stringify(progress);
  if (before !== null && before.definitions === definitions) {
    await transaction
      .updateTable('dialect_states')
      .set({ progress_json: progressJson })
      .where('alias', '=', alias)
      .execute();
    return;
  }
  await sql`insert into dialect_states (alias, definitions_json, progress_json)
    select alias, ${JSON.stringify(definitions)}, ${progressJson} from device_aliases where alias = ${alias}
    on conflict (alias) do update set
      definitions_json = excluded.definitions_json, progress_json = excluded.progress_json`.execute(
    transaction,
  );
}

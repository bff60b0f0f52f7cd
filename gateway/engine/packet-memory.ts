import { CompiledQuery, type Kysely, sql } from 'kysely';
import type { StoredEntry } from '../journal/journal.ts';
import type { Schema } from '../records/schema.ts';
import { payloadChecksum } from './payload-checksum.ts';

/** Packet ids a row: clients count theirs up, so that one row changes for the messages of a while. */
const IDS_A_BLOCK = 64;
const MINUTE_MS = 60_000;
const REMEMBERED_MINUTES = 24 * 60;
/** Clients whose newest block stays at hand, half a kilobyte each. */
const CACHED_CLIENTS = 20_000;

/** Few lengths, so that few statements are kept prepared; a statement a row took twice as long. */
const ROWS_A_STATEMENT = [64, 16, 4, 1];
const INSERT =
  'insert or replace into seen_packets (client_id, block, newest_minute, packets, device_key) values ';
const VALUES = ',(?,?,?,?,?)';

interface Block {
  /** For each of 64 packet ids, the checksum of the last payload sent under it, then the minute of its arrival (0: none). */
  readonly packets: Uint32Array<ArrayBuffer>;
  /** The one device that all of them were about; null: they were about several, undefined: there was none yet. */
  deviceKey: string | null | undefined;
}

interface Client {
  readonly blocks: Map<number, Block>;
  /** Blocks that changed since the last commit. */
  readonly changed: Set<number>;
  /** The block of its latest packet. */
  latest: number;
}

/**
 * What each client last sent under each packet id, to know a PUBLISH that came again with DUP [MQTT-3.3.1-1]. At most 65,535
 * ids a client, and nothing that is older than 24 hours. Changes stay in memory until `save`, which belongs in the
 * transaction that moves the cursor.
 *
 * A row for each message cost more than all of the rules; a block is written once a batch, for 64 messages.
 */
export interface PacketMemory {
  /** Makes sure that what is remembered under the packet ids of these entries is at hand. */
  prepare(entries: readonly StoredEntry[]): Promise<void>;
  /**
   * Remembers a prepared entry, and says whether it repeats what came before under its packet id. Of other payloads with
   * DUP set, one in 2^32 is taken for a repetition.
   *
   * @param deviceKey of the device that the entry is about
   */
  take(entry: StoredEntry, deviceKey: string): boolean;
  /** Writes what changed; call `saved` once the transaction is committed. */
  save(transaction: Kysely<Schema>): Promise<void>;
  saved(): void;
  /** Drops what was about a removed device alone. */
  forgetDevice(deviceKey: string): void;
  /** Drops all that was not saved: after a commit that failed. */
  forget(): void;
}

export function createPacketMemory(db: Kysely<Schema>): PacketMemory {
  /** Insertion order is order of use. */
  const clients = new Map<string, Client>();
  const changed = new Map<string, Client>();

  const clientOf = (clientId: string): Client => {
    let client = clients.get(clientId);
    if (client === undefined) {
      client = { blocks: new Map(), changed: new Set(), latest: -1 };
      clients.set(clientId, client);
    }
    return client;
  };

  async function load(wanted: readonly (readonly [string, number])[]): Promise<void> {
    for (const [clientId, block] of wanted) {
      const packets = new Uint32Array(2 * IDS_A_BLOCK);
      clientOf(clientId).blocks.set(block, { packets, deviceKey: undefined });
    }
    const { rows } = await sql<Schema['seen_packets']>`
      select seen.* from json_each(${JSON.stringify(wanted)}) as wanted
      join seen_packets as seen on seen.client_id = wanted.value ->> 0 and seen.block = wanted.value ->> 1`.execute(
      db,
    );
    for (const { client_id, block, packets, device_key } of rows) {
      // Copied, for a row's bytes need not lie where 32-bit numbers may.
      const copied = new Uint32Array(new Uint8Array(packets).buffer);
      clientOf(client_id).blocks.set(block, { packets: copied, deviceKey: device_key });
    }
  }

  return {
    async prepare(entries) {
      const wanted = new Map<string, readonly [string, number]>();
      for (const { clientId, packetId } of entries) {
        const number = Math.floor(packetId / IDS_A_BLOCK);
        if (clients.get(clientId)?.blocks.has(number)) continue;
        wanted.set(`${number} ${clientId}`, [clientId, number]);
      }
      if (wanted.size > 0) await load([...wanted.values()]);
    },
    take({ clientId, packetId, payload, dup, receivedAt }, deviceKey) {
      const client = clientOf(clientId);
      const number = Math.floor(packetId / IDS_A_BLOCK);
      const block = client.blocks.get(number);
      if (block === undefined) throw new Error('the packet was not prepared');
      const slot = packetId % IDS_A_BLOCK;
      const checksum = payloadChecksum(payload);
      const minute = Math.floor(receivedAt / MINUTE_MS);
      const { packets } = block;
      const before = packets[IDS_A_BLOCK + slot] ?? 0;
      const repeats = dup && packets[slot] === checksum && minute - before <= REMEMBERED_MINUTES;
      packets[slot] = checksum;
      packets[IDS_A_BLOCK + slot] = minute;
      if (block.deviceKey !== deviceKey) block.deviceKey = block.deviceKey === undefined ? deviceKey : null;
      if (client.latest !== number || client.changed.size === 0) {
        client.latest = number;
        client.changed.add(number);
        changed.set(clientId, client);
      }
      return repeats;
    },
    async save(transaction) {
      const rows: (readonly [string, number, number, Uint8Array, string | null])[] = [];
      for (const [clientId, client] of changed) {
        for (const number of client.changed) {
          const block = client.blocks.get(number);
          if (block === undefined) continue;
          const { packets, deviceKey = null } = block;
          rows.push([clientId, number, newestMinute(packets), new Uint8Array(packets.buffer), deviceKey]);
        }
      }
      let start = 0;
      for (const size of ROWS_A_STATEMENT) {
        for (; rows.length - start >= size; start += size) {
          const values = rows.slice(start, start + size).flat();
          await transaction.executeQuery(CompiledQuery.raw(INSERT + VALUES.repeat(size).slice(1), values));
        }
      }
    },
    saved() {
      for (const [clientId, client] of changed) {
        client.changed.clear();
        for (const number of client.blocks.keys()) if (number !== client.latest) client.blocks.delete(number);
        clients.delete(clientId);
        clients.set(clientId, client);
      }
      changed.clear();
      for (const clientId of clients.keys()) {
        if (clients.size <= CACHED_CLIENTS) break;
        clients.delete(clientId);
      }
    },
    forgetDevice(deviceKey) {
      for (const { blocks } of clients.values())
        for (const [number, block] of blocks) if (block.deviceKey === deviceKey) blocks.delete(number);
    },
    forget() {
      clients.clear();
      changed.clear();
    },
  };
}

/** Deletes blocks that nobody will ask for any more at `now`. Reads the whole table: once a day will do. */
export async function deleteOldPackets(transaction: Kysely<Schema>, now: number): Promise<void> {
  const oldest = Math.floor(now / MINUTE_MS) - REMEMBERED_MINUTES;
  await transaction.deleteFrom('seen_packets').where('newest_minute', '<', oldest).execute();
}

function newestMinute(packets: Block['packets']): number {
  let newest = 0;
  for (let index = IDS_A_BLOCK; index < packets.length; index += 1) {
    newest = Math.max(newest, packets[index] ?? 0);
  }
  return newest;
}

import { type Kysely, sql } from 'kysely';
import type { Schema } from '../records/schema.ts';

/**
 * Devices that were heard of over the bridge: what is sent to them goes there too. Kept in the records, for a device that only
 * listens must be reached after a restart as well.
 */
export class ReachableDevices {
  readonly #db: Kysely<Schema>;
  readonly #onTrouble: (error: unknown) => void;
  readonly #onFirst: (deviceId: string) => void;
  readonly #known = new Set<string>();
  #unsaved: string[] = [];
  #saving: Promise<void> | null = null;

  /** @param onFirst told when a device is heard of for the first time */
  constructor(db: Kysely<Schema>, onFirst: (deviceId: string) => void, onTrouble: (error: unknown) => void) {
    this.#db = db;
    this.#onFirst = onFirst;
    this.#onTrouble = onTrouble;
  }

  async start(): Promise<void> {
    const rows = await this.#db.selectFrom('bridged_devices').select('device_id').execute();
    for (const row of rows) this.#known.add(row.device_id);
  }

  /** Waits for what is being saved. */
  async stop(): Promise<void> {
    await this.#saving;
  }

  has(deviceId: string): boolean {
    return this.#known.has(deviceId);
  }

  /** Of a device that is no more; its row goes with it. Gives whether it was known. */
  forget(deviceId: string): boolean {
    return this.#known.delete(deviceId);
  }

  /** Called for every message; does something for the first of a device. */
  add(deviceId: string): void {
    if (this.#known.has(deviceId)) return;
    this.#known.add(deviceId);
    this.#unsaved.push(deviceId);
    this.#saving ??= this.#save();
    this.#onFirst(deviceId);
  }

  async #save(): Promise<void> {
    // Behind the messages of this turn, so that many devices are one statement.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#unsaved.length > 0) {
      const ids = this.#unsaved;
      this.#unsaved = [];
      try {
        // Only of devices that are still there: one may have been removed since its message was let in.
        await sql`insert or ignore into bridged_devices (device_id)
          select id from devices where id in (select value from json_each(${JSON.stringify(ids)}))`.execute(
          this.#db,
        );
      } catch (error) {
        // Taken in memory all the same; the next message of any of them saves it.
        for (const id of ids) this.#known.delete(id);
        this.#onTrouble(error);
      }
    }
    this.#saving = null;
  }
}

import { hash } from 'node:crypto';
import type { Outcome, QuarantineNote } from './outcome.ts';
import { MOST_COMPLAINTS_AN_ENTRY, MOST_ENTRIES_A_DEVICE } from './quarantine-bounds.ts';

/** Complaints of one stretch of the journal that are the same. */
export interface QuarantineRow {
  /** The first of them. */
  readonly note: QuarantineNote;
  /** Of the whole payload. */
  readonly digest: string;
  /** Epoch ms, of the latest. */
  readonly lastAt: number;
  readonly times: number;
}

/** What a device's stretch brought, by payload and then by complaint. */
interface DeviceRows {
  readonly byDigest: Map<string, Map<string, QuarantineRow>>;
  size: number;
}

/**
 * What is to be written of complaints: the same ones together, and of each device the newest as far as any would stay. Ten thousand
 * bad messages of one device, with twenty complaints about each, were written and deleted again, for 8 s in one transaction.
 *
 * @param notes in order of arrival
 * @returns by device, and of a device by payload
 */
export function quarantineRows(notes: readonly QuarantineNote[]): readonly QuarantineRow[] {
  /** Of a payload once, for several complaints may be about it. */
  const digests = new Map<Uint8Array, string>();
  const devices = new Map<string, DeviceRows>();
  for (const note of notes.toReversed()) {
    const digest = digests.get(note.payload) ?? hash('sha1', note.payload);
    digests.set(note.payload, digest);
    let device = devices.get(note.device);
    if (device === undefined) {
      device = { byDigest: new Map(), size: 0 };
      devices.set(note.device, device);
    }
    keep(device, note, digest);
  }
  const rows: QuarantineRow[] = [];
  for (const { byDigest } of devices.values())
    for (const same of byDigest.values()) rows.push(...same.values());
  return rows.reverse();
}

/** Counts how many rows an outcome may come to in quarantine, without a look at which complaints are the same. */
export class RowsAtMost {
  rows = 0;
  readonly #byDevice = new Map<string, number>();
  #complaints = 0;
  #retries = 0;

  /** Counts what has come since the last look at the same outcome. */
  look({ quarantine, retries }: Pick<Outcome, 'quarantine' | 'retries'>): void {
    for (; this.#complaints < quarantine.length; this.#complaints += 1) {
      const device = quarantine[this.#complaints]?.device ?? '';
      const before = this.#byDevice.get(device) ?? 0;
      this.#byDevice.set(device, before + 1);
      if (before < MOST_ENTRIES_A_DEVICE) this.rows += 1;
    }
    if (this.#retries === retries.size) return;
    for (const { problems } of [...retries.values()].slice(this.#retries))
      this.rows += 1 + Math.min(problems.length, MOST_COMPLAINTS_AN_ENTRY);
    this.#retries = retries.size;
  }
}

/** @param note older than all that were kept before */
function keep(device: DeviceRows, note: QuarantineNote, digest: string): void {
  const isFull = device.size >= MOST_ENTRIES_A_DEVICE;
  let same = device.byDigest.get(digest);
  if (same === undefined) {
    if (isFull) return;
    same = new Map();
    device.byDigest.set(digest, same);
  }
  const key = JSON.stringify([note.topic, note.code, note.message]);
  const newer = same.get(key);
  if (newer === undefined && isFull) return;
  if (newer === undefined) device.size += 1;
  same.set(key, {
    note,
    digest,
    lastAt: newer?.lastAt ?? note.at,
    times: (newer?.times ?? 0) + note.times,
  });
}

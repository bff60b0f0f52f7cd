import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { DeviceLink } from '../../broker/device-link.ts';
import type { EndReason } from '../../broker/end-reason.ts';
import {
  endPresence,
  keepPresence,
  NEVER_SEEN,
  type Presence,
  type PresenceToKeep,
  presenceOf,
} from '../records/presence.ts';
import type { OfflineReason, Schema } from '../records/schema.ts';

/** How long changes are gathered before they are told and saved. */
const GATHER_MS = 200;
/** A device that flaps is told of this often at most, with what is the case then. */
const SETTLE_MS = 1_000;
/** Devices told of and saved at a time, so that a storm of connects takes turns with all else. */
const MAX_AT_ONCE = 500;
/** How often it is saved when connected devices were heard last; a crash forgets so much. */
const SWEEP_MS = 60_000;

/** A device that is connected, or was until just now. */
interface Known {
  readonly links: Set<DeviceLink>;
  state: 'online' | 'offline';
  since: number;
  lastSeenAt: number;
  reason: OfflineReason | null;
  /** What was told last, and when. */
  told: { readonly state: 'online' | 'offline'; readonly since: number };
  toldAt: number;
}

export interface PresenceTrackerParts {
  readonly records: Kysely<Schema>;
  readonly log: Pick<Logger, 'error'>;
  /** Real time, epoch ms. */
  readonly realNow: () => number;
  readonly onChanged: (device: string, presence: Presence) => void;
}

/** Who is connected. A device may have several connections, and is online while there is one. */
export class PresenceTracker {
  readonly #parts: PresenceTrackerParts;
  readonly #known = new Map<string, Known>();
  #online = 0;
  #changed = new Set<string>();
  #timer: NodeJS.Timeout | null = null;
  #sweep: NodeJS.Timeout | null = null;
  #flushing: Promise<void> | null = null;
  #stopped = false;

  constructor(parts: PresenceTrackerParts) {
    this.#parts = parts;
  }

  async start(): Promise<void> {
    await endPresence(this.#parts.records);
    this.#sweep = setInterval(() => this.#noteAllHeard(), SWEEP_MS);
    this.#sweep.unref();
  }

  /** Saves what is not saved yet. */
  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#sweep !== null) clearInterval(this.#sweep);
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#flushing;
    while (this.#changed.size > 0) {
      const left = this.#changed.size;
      await this.#flush(true);
      if (this.#changed.size >= left) return;
    }
  }

  /** Devices that are connected now. */
  get online(): number {
    return this.#online;
  }

  opened(link: DeviceLink): void {
    if (link.principal.kind !== 'device') return;
    const device = link.principal.id;
    const known = this.#entry(device);
    known.links.add(link);
    this.#becomes(device, known, 'online', null, this.#parts.realNow());
  }

  closed(link: DeviceLink, reason: EndReason): void {
    if (link.principal.kind !== 'device') return;
    const device = link.principal.id;
    const known = this.#entry(device);
    known.links.delete(link);
    known.lastSeenAt = Math.max(known.lastSeenAt, link.lastHeardAt());
    if (known.links.size === 0) this.#becomes(device, known, 'offline', reason, known.lastSeenAt);
  }

  /** Somebody else knows of a device that is connected elsewhere: a bridge, or a dialect's birth and death messages. */
  reported(device: string, state: 'online' | 'offline'): void {
    const known = this.#entry(device);
    if (known.links.size > 0) return;
    const at = this.#parts.realNow();
    this.#becomes(device, known, state, state === 'offline' ? 'reported' : null, at);
  }

  /** What is the case now, of each of these devices. */
  async of(devices: readonly string[]): Promise<ReadonlyMap<string, Presence>> {
    const saved = await presenceOf(this.#parts.records, devices);
    return new Map(
      devices.map((device) => {
        const known = this.#known.get(device);
        return [device, known === undefined ? (saved.get(device) ?? NEVER_SEEN) : presenceNow(known)];
      }),
    );
  }

  #entry(device: string): Known {
    const known = this.#known.get(device);
    if (known !== undefined) return known;
    const made: Known = {
      links: new Set(),
      state: 'offline',
      since: 0,
      lastSeenAt: 0,
      reason: null,
      told: { state: 'offline', since: 0 },
      toldAt: 0,
    };
    this.#known.set(device, made);
    return made;
  }

  #becomes(
    device: string,
    known: Known,
    state: 'online' | 'offline',
    reason: OfflineReason | null,
    seenAt: number,
  ): void {
    known.lastSeenAt = Math.max(known.lastSeenAt, seenAt);
    if (state !== known.state) {
      known.state = state;
      this.#online += state === 'online' ? 1 : -1;
      // Who came back before anybody heard of it has not been away.
      const wasNotAway = state === known.told.state && known.told.since > 0;
      known.since = wasNotAway ? known.told.since : this.#parts.realNow();
    }
    known.reason = reason;
    this.#change(device);
  }

  #change(device: string): void {
    this.#changed.add(device);
    if (this.#stopped || this.#timer !== null || this.#flushing !== null) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#flushing = this.#flush(false).finally(() => {
        this.#flushing = null;
        const [next] = this.#changed;
        if (next !== undefined) this.#change(next);
      });
    }, GATHER_MS);
  }

  async #flush(all: boolean): Promise<void> {
    const now = this.#parts.realNow();
    const rows: PresenceToKeep[] = [];
    const taken: [string, Known][] = [];
    for (const device of this.#changed) {
      if (taken.length >= MAX_AT_ONCE) break;
      const known = this.#known.get(device);
      const hasNews = known !== undefined && known.state !== known.told.state;
      if (!all && hasNews && now - known.toldAt < SETTLE_MS) continue;
      this.#changed.delete(device);
      if (known === undefined) continue;
      taken.push([device, known]);
      const { state, since, lastSeenAt, reason } = known;
      rows.push({ device, state, since, lastSeenAt, reason });
    }
    if (rows.length === 0) return;
    try {
      await keepPresence(this.#parts.records, rows);
    } catch (error) {
      // Told all the same; saved with the next change, or put right at the next start.
      this.#parts.log.error({ err: error, devices: rows.length }, 'presence could not be saved');
    }
    for (const [index, [device, known]] of taken.entries()) {
      const row = rows[index] as PresenceToKeep;
      if (row.state !== known.told.state) {
        known.told = { state: row.state, since: row.since };
        known.toldAt = now;
        this.#parts.onChanged(device, presenceOfRow(row));
      }
      // The records have it from here on.
      if (known.links.size === 0 && !this.#changed.has(device) && known.state === 'offline')
        this.#known.delete(device);
    }
  }

  #noteAllHeard(): void {
    for (const [device, known] of this.#known) {
      const heardAt = latest(known);
      if (heardAt <= known.lastSeenAt) continue;
      known.lastSeenAt = heardAt;
      this.#change(device);
    }
  }
}

function presenceNow(known: Known): Presence {
  const { state, since, reason } = known;
  return {
    state,
    since,
    lastSeenAt: latest(known),
    ...(state === 'offline' && reason !== null && { reason }),
  };
}

function presenceOfRow({ state, since, lastSeenAt, reason }: PresenceToKeep): Presence {
  return { state, since, lastSeenAt, ...(reason !== null && { reason }) };
}

function latest({ links, lastSeenAt }: Known): number {
  let at = lastSeenAt;
  for (const link of links) at = Math.max(at, link.lastHeardAt());
  return at;
}

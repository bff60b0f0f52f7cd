import { setTimeout as sleep } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import { KnownDevices } from '../../broker/known-devices.ts';
import { LimitedLog } from '../../broker/limited-log.ts';
import type { AcceptedPublish, DeviceAnswer } from '../../broker/ports.ts';
import type { PartHealth } from '../http/dependencies.ts';
import { deviceOfAliases } from '../records/device-aliases.ts';
import type { Schema } from '../records/schema.ts';
import { reconnectDelayMs } from './back-off.ts';
import { BridgeIntake, type IntakeCounts } from './bridge-intake.ts';
import { openLink } from './bridge-link.ts';
import { BridgeOutbox } from './bridge-outbox.ts';
import type { Link, LinkEnd, LinkPorts, LinkSettings, ProtocolVersion } from './link.ts';
import { notedFilters } from './noted-filters.ts';
import { ReachableDevices } from './reachable-devices.ts';

/** All that the bridge is given. */
export interface BridgePorts {
  readonly settings: Omit<LinkSettings, 'clientId'>;
  /** Random, and the same at every start on this data directory. */
  readonly id: string;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  readonly records: Kysely<Schema>;
  /** Domain time, epoch ms. */
  now(): number;
  /** Real time, epoch ms. */
  realNow(): number;
  /** In [0, 1). */
  random(): number;
  /** How many devices and aliases were registered so far. */
  registrations(): number;
  /** Whether a device is registered and may speak. */
  mayTalk(deviceId: string): Promise<boolean>;
  /** The journal, as the broker has it. */
  accept(message: AcceptedPublish): Promise<void>;
  /** Takes what a device says about what it was told; resolves when it is kept. */
  answer(answer: DeviceAnswer): Promise<void>;
  /** Told when a device is heard of for the first time: `reaches` is true of it from now on. */
  reached(deviceId: string): void;
  /** Bytes that wait for the disk, of all ways in. */
  pendingBytes(): number;
  /** Whether nothing can be kept now. */
  isRefusing(): boolean;
}

/** Running totals since `start`, and what is the case now. */
export interface BridgeCounters extends IntakeCounts {
  /** 1 while subscribed at the external broker. */
  readonly connected: number;
  readonly connections: number;
  /** How often the external broker had lost this gateway's session, and with it what it held for the gateway. */
  readonly forgotten: number;
  readonly inFlightBytes: number;
  /** Messages to devices that the external broker has taken, that wait for it, and that were given up. */
  readonly published: number;
  readonly waiting: number;
  readonly dropped: number;
}

/** Brings what devices say to another broker into the journal, and takes there what is for them. */
export interface Bridge {
  /** Begins to connect; does not wait for the external broker. */
  start(): Promise<void>;
  /** Takes nothing more, and resolves when what was taken is kept and acknowledged, or a few seconds have passed. */
  stop(): Promise<void>;
  /** Whether a device was heard of over the bridge. */
  reaches(deviceId: string): boolean;
  /** A device is no more: the external broker is told to retain nothing for it, once it is there. */
  forget(deviceId: string): void;
  /** Publishes at the external broker; waits in memory, up to a bound, while that is away. Resolves when it has it. */
  publish(
    topic: string,
    payload: string | Uint8Array,
    options?: { readonly retain?: boolean },
  ): Promise<void>;
  health(): PartHealth;
  counters(): BridgeCounters;
}

/** QoS 0 is dropped beyond. */
const SHED_AT_BYTES = 32 * 1024 * 1024;
/** A broker that hangs up before any answer so often in a row may know no MQTT 5; one that restarts does it once or twice. */
const HANG_UPS_BEFORE_OTHER_VERSION = 3;
const REFUSING_PAUSE_MS = 1_000;
/** A connection that held this long was a good one: the next failure is the first again. */
const GOOD_AFTER_MS = 10_000;

/** @param ports.settings the external broker */
export function createBridge(ports: BridgePorts): Bridge {
  return new ReconnectingBridge(ports);
}

class ReconnectingBridge implements Bridge {
  readonly #ports: BridgePorts;
  readonly #log: LimitedLog;
  readonly #settings: LinkSettings;
  readonly #intake: BridgeIntake;
  readonly #reachable: ReachableDevices;
  readonly #outbox = new BridgeOutbox();
  readonly #stopping = new AbortController();
  #work: Promise<void> = Promise.resolve();
  #link: Link | null = null;
  #version: ProtocolVersion = 5;
  #connections = 0;
  #forgotten = 0;
  #trouble = 'not connected yet';

  constructor(ports: BridgePorts) {
    this.#ports = ports;
    this.#log = new LimitedLog(ports.realNow);
    // At most 23 letters and digits: what every broker has to take [MQTT-3.1.3-5].
    this.#settings = { ...ports.settings, clientId: `wayside${ports.id}` };
    this.#reachable = new ReachableDevices(
      ports.records,
      (id) => ports.reached(id),
      (error) => this.#warn('it could not be noted who is behind the bridge', { err: error }),
    );
    this.#intake = new BridgeIntake(
      {
        accept: (message) => ports.accept(message),
        answer: (answer) => ports.answer(answer),
        findDevice: async (deviceId) => ((await ports.mayTalk(deviceId)) ? deviceId : null),
        findByAliases: async (aliases) => {
          const deviceId = await deviceOfAliases(ports.records, aliases);
          return deviceId !== null && (await ports.mayTalk(deviceId)) ? deviceId : null;
        },
        heard: (deviceId) => this.#reachable.add(deviceId),
        now: () => ports.now(),
        shedding: () => ports.isRefusing() || ports.pendingBytes() > SHED_AT_BYTES,
      },
      new KnownDevices(ports.realNow, ports.registrations),
      `bridge:${ports.id}`,
    );
  }

  async start(): Promise<void> {
    await this.#reachable.start();
    this.#work = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#link?.close();
    await this.#work;
    await this.#reachable.stop();
  }

  reaches(deviceId: string): boolean {
    return this.#reachable.has(deviceId);
  }

  forget(deviceId: string): void {
    if (!this.#reachable.forget(deviceId)) return;
    // An empty message is how a broker forgets what it retained [MQTT-3.3.1-10].
    this.#outbox
      .publish(`devices/${deviceId}/config`, '', true)
      .catch((err: unknown) =>
        this.#warn('the external broker could not be told to forget a device', { err }),
      );
  }

  publish(
    topic: string,
    payload: string | Uint8Array,
    options: { readonly retain?: boolean } = {},
  ): Promise<void> {
    const body = typeof payload === 'string' ? payload : Buffer.from(payload);
    return this.#outbox.publish(topic, body, options.retain ?? false);
  }

  health(): PartHealth {
    const { url, group } = this.#settings;
    if (this.#link === null) return { ok: false, detail: `${url}: ${this.#trouble}` };
    const version = this.#version === 5 ? 'MQTT 5' : 'MQTT 3.1.1';
    return { ok: true, detail: `${url}, ${version}${this.#link.shared ? `, shared as ${group}` : ''}` };
  }

  counters(): BridgeCounters {
    return {
      connected: this.#link === null ? 0 : 1,
      connections: this.#connections,
      forgotten: this.#forgotten,
      inFlightBytes: this.#link?.inFlightBytes ?? 0,
      ...this.#intake.counts,
      published: this.#outbox.published,
      waiting: this.#outbox.waiting,
      dropped: this.#outbox.dropped,
    };
  }

  /** Connects, and connects again, until told to stop. */
  async #run(): Promise<void> {
    let failures = 0;
    let hangUps = 0;
    while (!this.#stopping.signal.aborted) {
      if (this.#ports.isRefusing()) {
        // What is sent again at each connection would pile up behind what waits for the disk already.
        this.#trouble = 'not connected while the journal can not be written';
        await this.#pause(REFUSING_PAUSE_MS);
        continue;
      }
      const openedAt = this.#ports.realNow();
      const { wasOpen, end } = await this.#connection();
      if (this.#stopping.signal.aborted) return;
      this.#trouble = end.message;
      this.#warn('the external broker is away', { url: this.#settings.url, reason: end.message });
      failures = wasOpen && this.#ports.realNow() - openedAt > GOOD_AFTER_MS ? 1 : failures + 1;
      hangUps = end.kind === 'hung_up' ? hangUps + 1 : 0;
      const isOtherVersionDue = end.kind === 'wrong_version' || hangUps >= HANG_UPS_BEFORE_OTHER_VERSION;
      if (isOtherVersionDue) {
        hangUps = 0;
        this.#version = this.#version === 5 ? 4 : 5;
        if (failures === 1) continue;
      } else if (wasOpen) {
        // It may come back as a newer one.
        this.#version = 5;
      }
      await this.#pause(reconnectDelayMs(failures, this.#ports.random()));
    }
  }

  /** One connection from beginning to end. */
  async #connection(): Promise<{ readonly wasOpen: boolean; readonly end: LinkEnd }> {
    const ports: LinkPorts = {
      take: (message) => this.#intake.take(message),
      filters: notedFilters(this.#ports.records),
      onRefused: (filter) =>
        this.#warn('the external broker refuses a subscription; its devices are not taken in', { filter }),
      onForgotten: () => {
        this.#forgotten += 1;
        this.#warn(
          'the external broker has forgotten the session of this gateway: what came to it while the gateway was away is not taken in; let it keep sessions on disk',
          { url: this.#settings.url },
        );
      },
    };
    const opened = await openLink(this.#settings, this.#version, ports, this.#stopping.signal);
    if ('kind' in opened) return { wasOpen: false, end: opened };
    if (this.#stopping.signal.aborted) await opened.close();
    this.#link = opened;
    this.#connections += 1;
    this.#outbox.use(opened);
    this.#ports.log.info({ broker: this.health().detail }, 'the bridge is up');
    const end = await opened.ended;
    this.#link = null;
    this.#outbox.use(null);
    return { wasOpen: true, end };
  }

  async #pause(ms: number): Promise<void> {
    try {
      await sleep(ms, undefined, { signal: this.#stopping.signal });
    } catch (error) {
      if (!this.#stopping.signal.aborted) throw error;
    }
  }

  #warn(message: string, fields: object): void {
    this.#log.write((all, text) => this.#ports.log.warn(all, text), message, fields);
  }
}

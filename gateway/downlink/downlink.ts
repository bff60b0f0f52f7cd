import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { DeviceLink, LinkListener } from '../../broker/device-link.ts';
import type { EndReason } from '../../broker/end-reason.ts';
import type { DeviceAnswer, GivenCommand } from '../../broker/ports.ts';
import { WaysideError } from '../errors.ts';
import type { Change } from '../records/audit.ts';
import type { Command, ReplyOutcome, ReplyToKeep } from '../records/commands.ts';
import {
  type ConfigExpectation,
  type DeviceConfig,
  getDeviceConfig,
  type ReportToKeep,
} from '../records/device-config.ts';
import type { Presence } from '../records/presence.ts';
import type { Schema } from '../records/schema.ts';
import { type AnswerError, Answers } from './answers.ts';
import { type CommandForm, nativeForm, nativeMessage } from './command-form.ts';
import { Commands } from './commands.ts';
import { Configs } from './configs.ts';
import type { DownlinkEvent } from './downlink-event.ts';
import { readGivenCommand } from './given-command.ts';
import { PresenceTracker } from './presence-tracker.ts';

/** Ways to devices: the broker here, and whatever reaches devices elsewhere. */
export interface Ways {
  /** To whoever subscribed here. */
  publish(
    topic: string,
    payload: string | Uint8Array,
    options: { readonly qos: 0 | 1; readonly retain: boolean },
  ): Promise<void>;
  /** The same for a device that is reached elsewhere; null where it is not. Resolves when it was handed over. */
  elsewhere(
    deviceId: string,
    topic: string,
    payload: string | Uint8Array,
    options: { readonly qos: 0 | 1; readonly retain: boolean },
  ): Promise<void> | null;
}

export interface DownlinkParts {
  readonly records: Kysely<Schema>;
  readonly log: Pick<Logger, 'error' | 'warn'>;
  /** Real time, epoch ms: connections and commands keep real time. */
  readonly realNow: () => number;
  /** Domain time, epoch ms, for what devices are told. */
  readonly now: () => number;
  /** A random id for a command that was given none. */
  readonly newId: () => string;
  readonly ways: Ways;
  readonly live: (event: DownlinkEvent) => void;
  /** Forms of commands beside the native one, in order of preference. */
  readonly forms?: readonly CommandForm[];
}

export interface DownlinkCounters {
  readonly devicesOnline: number;
  /** Devices for which commands may wait. */
  readonly devicesWaitedFor: number;
  /** Commands since the start: given, acknowledged by their devices, answered, and expired. */
  readonly commandsGiven: number;
  readonly commandsDelivered: number;
  readonly commandsAnswered: number;
  readonly commandsExpired: number;
  /** Callers that wait for a reply. */
  readonly callersWaiting: number;
}

/** All that goes down to devices, what they answer, and whether they are there. */
export class Downlink implements LinkListener {
  readonly #parts: DownlinkParts;
  readonly #commands: Commands;
  readonly #configs: Configs;
  readonly #answers: Answers;
  readonly #presence: PresenceTracker;
  readonly #desired = new Set<(config: DeviceConfig) => void>();

  constructor(parts: DownlinkParts) {
    const { records, log, realNow, ways, live } = parts;
    this.#parts = parts;
    this.#commands = new Commands({
      records,
      log,
      realNow,
      forms: [...(parts.forms ?? []), nativeForm],
      elsewhere: (command) => {
        const { topic, payload } = nativeMessage(command);
        return ways.elsewhere(command.device, topic, payload, { qos: 1, retain: false });
      },
      toOthers: (command) => {
        const { topic, payload } = nativeMessage(command);
        ways.publish(topic, payload, { qos: 1, retain: false }).catch((err: unknown) => {
          log.warn({ err }, 'a command could not be shown to others than its device');
        });
      },
      onChanged: (command) => live(commandEvent(command)),
    });
    this.#configs = new Configs({
      records,
      log,
      realNow,
      retain: (config) => this.#retain(config),
      onDesired: (config) => {
        live(configEvent(config));
        for (const listener of this.#desired) listener(config);
      },
    });
    this.#answers = new Answers({
      records,
      realNow,
      onReply: (command) => this.#commands.answered(command),
      onReport: (config) => live(configEvent(config)),
      onError: (deviceId, error) => this.tellError(deviceId, error),
    });
    this.#presence = new PresenceTracker({
      records,
      log,
      realNow,
      onChanged: (device, presence) => live({ kind: 'presence', device, ...presence }),
    });
  }

  /** To be called before the broker listens. */
  async start(): Promise<void> {
    await this.#presence.start();
    await this.#commands.start();
  }

  /** To be called when the broker runs, and with it every other way to devices. */
  async waysAreOpen(): Promise<void> {
    await this.#configs.start();
    await this.#commands.sendElsewhere();
  }

  /** A device was heard of elsewhere for the first time: what waits for it, and its configuration, goes there. */
  reachedElsewhere(device: string): void {
    const { records, log } = this.#parts;
    const send = async () => {
      await this.#commands.sendDeviceElsewhere(device);
      const config = await getDeviceConfig(records, device);
      if (config.desired !== null) await this.#retainElsewhere(config);
    };
    send().catch((err: unknown) => log.warn({ err }, 'what waited for a device could not be handed over'));
  }

  /** To be called when no connection is open any more. */
  async stop(): Promise<void> {
    await this.#configs.stop();
    await this.#answers.settled();
    await this.#commands.stop();
    await this.#presence.stop();
  }

  /** Lets callers go who wait for a reply: the gateway stops. */
  releaseCallers(): void {
    this.#commands.releaseCallers();
  }

  /** What is the case now, and running totals since the start. */
  counters(): DownlinkCounters {
    return { devicesOnline: this.#presence.online, ...this.#commands.counters() };
  }

  opened(link: DeviceLink): void {
    this.#presence.opened(link);
  }

  subscribed(link: DeviceLink): void {
    this.#commands.subscribed(link);
  }

  closed(link: DeviceLink, reason: EndReason): void {
    this.#commands.closed(link);
    this.#presence.closed(link, reason);
  }

  /**
   * Keeps a command for a device, shows it to whoever else subscribed to `devices/{id}/commands`, and sends it as soon as the device is there.
   *
   * @param order `expiresAt` is real time, epoch ms
   * @throws WaysideError `not_found`, `already_exists`, `too_many_commands`
   */
  giveCommand(
    order: Pick<Command, 'id' | 'device' | 'name' | 'args' | 'expiresAt'>,
    change: Change,
  ): Promise<Command> {
    return this.#commands.give(order, change);
  }

  /**
   * Keeps a command that a service account gave over MQTT.
   *
   * @returns why it is none, or null; rejects where it could not be kept
   */
  async commandArrived({ deviceId, by, payload }: GivenCommand): Promise<string | null> {
    const { realNow, now, newId } = this.#parts;
    const order = readGivenCommand(deviceId, payload, newId, realNow());
    if (!order.ok) return order.message;
    try {
      await this.#commands.give(order.value, { actor: `service:${by}`, at: now() });
      return null;
    } catch (error) {
      // No such device, an id that is taken, too many that wait: nothing that trying again would mend.
      if (error instanceof WaysideError) return error.message;
      throw error;
    }
  }

  /** A command when it has ended, or as it is when the time is up. @throws WaysideError `not_found`, `too_many_requests` */
  commandWhenEnded(device: string, id: string, waitMs: number, gone: AbortSignal): Promise<Command> {
    return this.#commands.whenEnded(device, id, waitMs, gone);
  }

  /** Takes a reply or a report as it came over the wire; resolves when it is kept, or when the device was told why not. */
  answer(answer: DeviceAnswer): Promise<void> {
    return this.#answers.take(answer);
  }

  /** Takes a reply that a dialect has read. */
  replyArrived(reply: ReplyToKeep): Promise<ReplyOutcome> {
    return this.#answers.reply(reply);
  }

  /** Sets what a device is to be set to. @throws WaysideError `not_found`, `config_changed`, `config_conflict` */
  setConfig(
    device: string,
    settings: Readonly<Record<string, unknown>>,
    expected: ConfigExpectation,
    change: Change,
  ): Promise<DeviceConfig> {
    return this.#configs.set(device, settings, expected, change);
  }

  /** Takes what a dialect has read of the configuration that a device applied. */
  configReported(report: ReportToKeep): Promise<void> {
    return this.#answers.report(report);
  }

  /** Told of each change of what a device is to be set to, so that a dialect can say it in its way. Returns the unsubscribe. */
  onDesiredConfig(listener: (config: DeviceConfig) => void): () => void {
    this.#desired.add(listener);
    return () => this.#desired.delete(listener);
  }

  /** Whether devices are connected, by id. */
  presenceOf(devices: readonly string[]): Promise<ReadonlyMap<string, Presence>> {
    return this.#presence.of(devices);
  }

  /** Somebody else knows whether a device is connected: a bridge, or a dialect's birth and death messages. */
  presenceReported(device: string, state: 'online' | 'offline'): void {
    this.#presence.reported(device, state);
  }

  async #retain(config: DeviceConfig): Promise<void> {
    const { topic, payload } = configMessage(config);
    await this.#parts.ways.publish(topic, payload, RETAINED);
    // The other broker may be away for long; what it missed is sent with the next change.
    this.#retainElsewhere(config)?.catch((err: unknown) =>
      this.#parts.log.warn({ err }, 'a configuration could not be handed over'),
    );
  }

  #retainElsewhere(config: DeviceConfig): Promise<void> | null {
    const { topic, payload } = configMessage(config);
    return this.#parts.ways.elsewhere(config.device, topic, payload, RETAINED);
  }

  /** Tells a device that an answer of its is not understood. */
  tellError(deviceId: string, error: AnswerError): void {
    const topic = `devices/${deviceId}/errors`;
    const payload = JSON.stringify({ ...error, receivedAt: this.#parts.now() });
    const options = { qos: 1, retain: false } as const;
    Promise.all([
      this.#parts.ways.publish(topic, payload, options),
      this.#parts.ways.elsewhere(deviceId, topic, payload, options),
    ]).catch((err: unknown) => this.#parts.log.warn({ err }, 'a device could not be told of its error'));
  }
}

const RETAINED = { qos: 1, retain: true } as const;

/** An empty message is how a broker forgets what it retained [MQTT-3.3.1-10]. */
function configMessage({ device, desired }: DeviceConfig): {
  readonly topic: string;
  readonly payload: string;
} {
  return { topic: `devices/${device}/config`, payload: desired === null ? '' : JSON.stringify(desired) };
}

/** Without arguments and result: they may be for fewer eyes than the stream. */
function commandEvent({ device, id, name, state, reply }: Command): DownlinkEvent {
  return { kind: 'command', device, id, name, state, ...(reply !== undefined && { status: reply.status }) };
}

function configEvent({ device, desiredVersion, reportedVersion, inSync }: DeviceConfig): DownlinkEvent {
  return { kind: 'config', device, desiredVersion, reportedVersion, inSync };
}

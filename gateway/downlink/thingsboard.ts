import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import {
  ATTRIBUTES_RESPONSES_FILTER,
  ATTRIBUTES_TOPIC,
  attributesResponseTopic,
  parseThingsBoardTopic,
  RPC_RESPONSES_FILTER,
  rpcResponseTopic,
  THINGSBOARD_PREFIX,
} from '../../broker/codecs/thingsboard-topics.ts';
import type { DeviceLink, LinkListener } from '../../broker/device-link.ts';
import type { DialectMessage } from '../../broker/ports.ts';
import { commandsAwaitingReply } from '../records/commands.ts';
import { type DeviceConfig, getDeviceConfig } from '../records/device-config.ts';
import type { Schema } from '../records/schema.ts';
import type { AnswerError } from './answers.ts';
import { type Read, readJsonValue, readObject } from './device-words.ts';
import type { Downlink } from './downlink.ts';
import { requestIdOf } from './thingsboard-form.ts';
import { Turns } from './turns.ts';

export interface ThingsBoardParts {
  readonly records: Kysely<Schema>;
  readonly log: Pick<Logger, 'warn'>;
  readonly downlink: Pick<Downlink, 'replyArrived' | 'configReported' | 'onDesiredConfig' | 'tellError'>;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * Attributes and RPC of ThingsBoard's device API (https://thingsboard.io/docs/reference/mqtt-api/). Shared attributes are the
 * desired configuration, client attributes are the reported one; commands are server-side RPC (see thingsboard-form.ts).
 * All devices have the same topics, so that each message goes to one connection.
 */
export class ThingsBoard implements LinkListener {
  readonly #parts: ThingsBoardParts;
  readonly #links = new Map<string, Set<DeviceLink>>();
  /** One message of a device after the other: each attribute joins those of the message before, and a question is about them all. */
  readonly #messages = new Turns();
  #unsubscribe: () => void = () => undefined;

  constructor(parts: ThingsBoardParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#unsubscribe = this.#parts.downlink.onDesiredConfig((config) => this.#tellDesired(config));
  }

  stop(): void {
    this.#unsubscribe();
  }

  /** Nothing is sent to a connection before it subscribes. */
  opened(): void {
    return;
  }

  subscribed(link: DeviceLink): void {
    const usesThingsBoard = [...link.subscriptions().keys()].some((filter) =>
      filter.startsWith(THINGSBOARD_PREFIX),
    );
    if (!usesThingsBoard) {
      this.closed(link);
      return;
    }
    const own = this.#links.get(link.principal.id) ?? new Set();
    this.#links.set(link.principal.id, own.add(link));
  }

  closed(link: DeviceLink): void {
    const own = this.#links.get(link.principal.id);
    own?.delete(link);
    if (own?.size === 0) this.#links.delete(link.principal.id);
  }

  /** Takes what a device says beside its telemetry. Resolves when it is kept, or when the device was told what is wrong. */
  take(message: DialectMessage): Promise<void> {
    return this.#messages.take(message.deviceId, () => this.#take(message));
  }

  async #take(message: DialectMessage): Promise<void> {
    const { deviceId, topic, payload } = message;
    const word = parseThingsBoardTopic(topic);
    switch (word?.kind) {
      case 'rpc-response':
        return this.#takeReply(deviceId, topic, word.requestId, readJsonValue(payload));
      case 'rpc-request':
        return this.#answerCall(message, word.requestId, readObject(payload));
      case 'attributes':
        return this.#takeAttributes(deviceId, topic, readObject(payload));
      case 'attributes-request':
        return this.#answerAttributes(message, word.requestId, readObject(payload));
      case undefined:
        return;
    }
  }

  async #takeReply(deviceId: string, topic: string, requestId: number, read: Read<unknown>): Promise<void> {
    if (!read.ok) return this.#refuse(deviceId, topic, read);
    const { records, downlink } = this.#parts;
    const waiting = await commandsAwaitingReply(records, deviceId);
    const commandId = waiting.find((id) => requestIdOf(id) === requestId);
    if (commandId === undefined) {
      const text = `no command of this device waits for an answer to the request ${requestId}`;
      return this.#refuse(deviceId, topic, { code: 'unknown_command', message: text });
    }
    // ThingsBoard's own devices say what went wrong with a key of that name.
    const failed = isFields(read.value) && Object.hasOwn(read.value, 'error');
    const reply = { status: failed ? 'error' : 'ok', result: read.value } as const;
    await downlink.replyArrived({ deviceId, commandId, reply });
  }

  /** Attributes come one by one, so that the report is what was reported before, and these. */
  async #takeAttributes(deviceId: string, topic: string, read: Read<Fields>): Promise<void> {
    if (!read.ok) return this.#refuse(deviceId, topic, read);
    const { records, downlink } = this.#parts;
    const config = await getDeviceConfig(records, deviceId);
    const { version: _, ...before } = config.reported ?? {};
    const report: Fields = { ...before, ...read.value };
    if (JSON.stringify(report).length > MAX_REPORT_UNITS) {
      const text = `all attributes together have more than ${MAX_REPORT_UNITS} characters`;
      return this.#refuse(deviceId, topic, { code: 'too_large', message: text });
    }
    const version = versionOf(report, config);
    await downlink.configReported({ deviceId, version, report: { ...report, version } });
  }

  async #answerAttributes(
    { deviceId, clientId, topic }: DialectMessage,
    requestId: number,
    read: Read<Fields>,
  ): Promise<void> {
    if (!read.ok) return this.#refuse(deviceId, topic, read);
    const config = await getDeviceConfig(this.#parts.records, deviceId);
    const answer = {
      client: picked(config.reported, read.value.clientKeys),
      shared: picked(config.desired, read.value.sharedKeys),
    };
    this.#answer(deviceId, clientId, ATTRIBUTES_RESPONSES_FILTER, attributesResponseTopic(requestId), answer);
  }

  /** A ThingsBoard server has what methods its operator wrote rule chains for; this one has none, and says so. */
  #answerCall({ deviceId, clientId, topic }: DialectMessage, requestId: number, read: Read<Fields>): void {
    if (!read.ok) {
      this.#refuse(deviceId, topic, read);
      return;
    }
    const { method } = read.value;
    const called =
      typeof method === 'string' ? `"${method.slice(0, MAX_METHOD_SHOWN)}"` : 'one without a name';
    const answer = { error: `this server has no methods for devices; ${called} was called` };
    this.#answer(deviceId, clientId, RPC_RESPONSES_FILTER, rpcResponseTopic(requestId), answer);
  }

  /** To the connection that asked. */
  #answer(deviceId: string, clientId: string, filter: string, topic: string, content: object): void {
    for (const link of this.#links.get(deviceId) ?? [])
      if (link.clientId === clientId) this.#send(link, filter, topic, content);
  }

  #tellDesired({ device, desired }: DeviceConfig): void {
    if (desired === null) return;
    for (const link of this.#links.get(device) ?? [])
      this.#send(link, ATTRIBUTES_TOPIC, ATTRIBUTES_TOPIC, desired);
  }

  /** A device that does not get it asks again when it comes back, so that nothing is kept for it here. */
  #send(link: DeviceLink, filter: string, topic: string, content: object): void {
    const qos = link.subscriptions().get(filter);
    if (qos === undefined) return;
    link
      .send({ topic, payload: JSON.stringify(content), qos: qos > 0 ? 1 : 0, dup: false })
      .catch((err: unknown) => this.#parts.log.warn({ err, topic }, 'a device could not be answered'));
  }

  #refuse(deviceId: string, topic: string, { code, message }: Omit<AnswerError, 'topic'>): void {
    this.#parts.downlink.tellError(deviceId, { code, message, topic });
  }
}

/** Of a name that a device gives. */
const MAX_METHOD_SHOWN = 64;
/** As much as a native report may have. */
const MAX_REPORT_UNITS = 64 * 1024;

/**
 * A device of ThingsBoard tells no version. Its attributes are those of the desired configuration where all of that is among
 * them; else it is at the version that it reported before.
 */
function versionOf(report: Fields, { desired, desiredVersion, reportedVersion }: DeviceConfig): number {
  const { version } = report;
  if (typeof version === 'number' && Number.isInteger(version) && version >= 0 && version <= desiredVersion)
    return version;
  const applied = Object.entries(desired ?? {}).every(
    ([name, value]) => name === 'version' || JSON.stringify(report[name]) === JSON.stringify(value),
  );
  return desired !== null && applied ? desiredVersion : (reportedVersion ?? 0);
}

/** The fields of those names (`"a,b"`); all of them where none is asked for. */
function picked(all: Fields | null, keys: unknown): Fields {
  if (all === null) return {};
  if (typeof keys !== 'string') return all;
  const wanted = keys.split(',').map((key) => key.trim());
  return Object.fromEntries(Object.entries(all).filter(([name]) => wanted.includes(name)));
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

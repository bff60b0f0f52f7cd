import { spanOf } from '../../broker/codecs/codec.ts';
import { aliasesOfTopic } from '../../broker/dialects.ts';
import type { KnownDevices } from '../../broker/known-devices.ts';
import { DEFAULT_LIMITS } from '../../broker/limits.ts';
import type { AcceptedPublish, DeviceAnswer } from '../../broker/ports.ts';
import { parseDeviceTopic } from '../../broker/topics.ts';

/** A PUBLISH from the external broker. */
export interface Arrived {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1 | 2;
  /** 0 for QoS 0. */
  readonly packetId: number;
  readonly dup: boolean;
  readonly retain: boolean;
}

/** What becomes of a message. */
export type Handling =
  /** Nothing is to be kept: acknowledge it. */
  | { readonly kind: 'passed_over' }
  /** Acknowledge it when `kept` resolves, and never if it rejects. */
  | { readonly kind: 'taken'; readonly kept: Promise<void> }
  /** Ask again when `ready` resolves, and take nothing else before. */
  | { readonly kind: 'not_yet'; readonly ready: Promise<void> };

export interface IntakePorts {
  /** As the broker of the gateway calls it: rejects where the message is not on disk. */
  accept(message: AcceptedPublish): Promise<void>;
  /** Takes what a device says about what it was told; resolves when it is kept. */
  answer(answer: DeviceAnswer): Promise<void>;
  /** The device itself where it is registered and may speak, else null. */
  findDevice(deviceId: string): Promise<string | null>;
  /** The device that is registered under the first of these aliases that is registered at all, or null. */
  findByAliases(aliases: readonly string[]): Promise<string | null>;
  /** Told of a device's message before it is kept. */
  heard(deviceId: string): void;
  /** Domain time, epoch ms. */
  now(): number;
  /** Whether QoS 0 is to be dropped, because too much waits for the disk. */
  shedding(): boolean;
}

/** Running totals since the start. */
export interface IntakeCounts {
  readonly accepted: number;
  readonly acceptedBytes: number;
  /** Replies to commands, and reports of configurations. */
  readonly answers: number;
  readonly unknownDevice: number;
  readonly badTopic: number;
  /** Copies that the broker had retained: from another time, and no news. */
  readonly retained: number;
  readonly shed: number;
  readonly truncated: number;
  readonly unkept: number;
}

const PASSED_OVER: Handling = { kind: 'passed_over' };

/** Decides what becomes of what comes over the bridge, and gives the journal what belongs there. */
export class BridgeIntake {
  readonly #ports: IntakePorts;
  readonly #devices: KnownDevices;
  readonly #clientId: string;
  readonly counts: { -readonly [Name in keyof IntakeCounts]: number } = {
    accepted: 0,
    acceptedBytes: 0,
    answers: 0,
    unknownDevice: 0,
    badTopic: 0,
    retained: 0,
    shed: 0,
    truncated: 0,
    unkept: 0,
  };

  /** @param clientId under which the engine knows packet ids again: that of the session with the external broker */
  constructor(ports: IntakePorts, devices: KnownDevices, clientId: string) {
    this.#ports = ports;
    this.#devices = devices;
    this.#clientId = clientId;
  }

  /** To be called in order of arrival; reads the payload before it returns. */
  take(message: Arrived): Handling {
    if (message.retain) return this.#passOver('retained');
    const speaker = speakerOf(message.topic);
    if (speaker === null) return this.#passOver('badTopic');
    if (message.qos === 0 && this.#ports.shedding()) return this.#passOver('shed');
    const deviceId = this.#devices.deviceOf(speaker.name);
    if (deviceId === undefined) {
      const { name, aliases } = speaker;
      const ask = () =>
        aliases === null ? this.#ports.findDevice(name) : this.#ports.findByAliases(aliases);
      return { kind: 'not_yet', ready: this.#devices.lookUp(name, ask) };
    }
    if (deviceId === null) return this.#passOver('unknownDevice');
    this.#ports.heard(deviceId);
    if (speaker.answer === null) return this.#taken(this.#keep(message, deviceId));
    this.counts.answers += 1;
    const { topic, payload } = message;
    return this.#taken(this.#ports.answer({ ...speaker.answer, deviceId, topic, payload }));
  }

  #keep(message: Arrived, deviceId: string): Promise<void> {
    const isTooLarge = message.payload.length > DEFAULT_LIMITS.maxPayloadBytes;
    const payload = isTooLarge ? message.payload.subarray(0, DEFAULT_LIMITS.keptHeadBytes) : message.payload;
    if (isTooLarge) this.counts.truncated += 1;
    const kept = this.#ports.accept({
      receivedAt: this.#ports.now(),
      topic: message.topic,
      userId: deviceId,
      clientId: this.#clientId,
      packetId: message.packetId,
      qos: message.qos,
      dup: message.dup,
      payload,
      truncatedFrom: isTooLarge ? message.payload.length : 0,
      span: isTooLarge ? 1 : spanOf(payload),
    });
    const bytes = payload.length;
    return kept.then(() => {
      this.counts.accepted += 1;
      this.counts.acceptedBytes += bytes;
    });
  }

  #taken(kept: Promise<void>): Handling {
    return {
      kind: 'taken',
      kept: kept.catch((error: unknown) => {
        this.counts.unkept += 1;
        throw error;
      }),
    };
  }

  #passOver(why: keyof IntakeCounts): Handling {
    this.counts[why] += 1;
    return PASSED_OVER;
  }
}

/** Who speaks on a topic. */
interface Speaker {
  /** A device id; or aliases, closest first, in one text that is no device id. */
  readonly name: string;
  /** Null where the topic has the device's id. */
  readonly aliases: readonly string[] | null;
  /** Null for telemetry. */
  readonly answer:
    | { readonly kind: 'reply'; readonly commandId: string }
    | { readonly kind: 'config-reported' }
    | null;
}

/** Null where no device speaks on the topic. */
function speakerOf(topic: string): Speaker | null {
  const parsed = parseDeviceTopic(topic);
  switch (parsed?.kind) {
    case 'telemetry':
      return { name: parsed.deviceId, aliases: null, answer: null };
    case 'reply':
      return {
        name: parsed.deviceId,
        aliases: null,
        answer: { kind: 'reply', commandId: parsed.commandId },
      };
    case 'config-reported':
      return { name: parsed.deviceId, aliases: null, answer: { kind: 'config-reported' } };
    case undefined: {
      const aliases = aliasesOfTopic(topic);
      return aliases.length === 0 ? null : { name: aliases.join('\n'), aliases, answer: null };
    }
    default:
      return null;
  }
}

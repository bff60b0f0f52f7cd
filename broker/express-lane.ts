import { Buffer } from 'node:buffer';
import type { Connection, Peer } from './connection.ts';
import type { TelemetryIntake } from './telemetry-intake.ts';

/** Fixed header of a PUBLISH, in bits [MQTT-3.3.1]. */
const DUP = 0b1000;
const QOS = 0b0110;
const PUBACK = 0x40;
const PUBACK_BYTES = 4;

/** Messages that one commit keeps; they are acknowledged with one write. */
interface Group {
  readonly kept: Promise<void>;
  readonly packetIds: number[];
}

/**
 * Takes a device's own telemetry (QoS 0 and 1) from the wire straight to the journal, and acknowledges all that one commit
 * kept with one write. Aedes would parse each packet, run it through its queues and look for subscribers that telemetry does
 * not have: three times the work of all the rest on the socket thread. Whatever is not plainly such a message goes to Aedes.
 */
export class ExpressLane {
  readonly #connection: Connection;
  readonly #peer: Peer;
  readonly #topic: Buffer;
  readonly #intake: TelemetryIntake;
  readonly #isHeard: () => boolean;
  #group: Group | null = null;

  /** @param isHeard whether anybody subscribed to the peer's telemetry: then Aedes has to pass it on */
  constructor(connection: Connection, peer: Peer, intake: TelemetryIntake, isHeard: () => boolean) {
    this.#connection = connection;
    this.#peer = peer;
    this.#topic = Buffer.from(peer.telemetryTopic);
    this.#intake = intake;
    this.#isHeard = isHeard;
  }

  /**
   * Takes a PUBLISH if it is one for this lane.
   *
   * @param chunk holds the whole body, from `start` to `end`
   * @param header first byte of the packet
   */
  take(chunk: Buffer, header: number, start: number, end: number): boolean {
    const qos = (header & QOS) >> 1;
    if (qos > 1 || !this.#isOwnTopic(chunk, start, end)) return false;
    let payloadStart = start + 2 + this.#topic.length;
    let packetId = 0;
    if (qos === 1) {
      if (payloadStart + 2 > end) return false;
      packetId = chunk.readUInt16BE(payloadStart);
      payloadStart += 2;
    }
    // Aedes closes the connection for the packet id 0 and for DUP at QoS 0 [MQTT-2.3.1-1, MQTT-3.3.1-2].
    const dup = (header & DUP) !== 0;
    if ((qos === 1) === (packetId === 0) || (qos === 0 && dup) || this.#isHeard()) return false;
    const kept = this.#intake.keep(this.#connection, this.#peer, {
      topic: this.#peer.telemetryTopic,
      packetId,
      qos: qos as 0 | 1,
      dup,
      payload: chunk.subarray(payloadStart, end),
      truncatedFrom: 0,
    });
    if (kept !== null && qos === 1) this.#acknowledge(packetId, kept);
    return true;
  }

  #isOwnTopic(chunk: Buffer, start: number, end: number): boolean {
    const topic = this.#topic;
    if (start + 2 + topic.length > end || chunk.readUInt16BE(start) !== topic.length) return false;
    // From the end, for nearly all topics of all devices begin alike.
    for (let index = topic.length - 1, at = start + 2 + index; index >= 0; index -= 1, at -= 1) {
      if (chunk[at] !== topic[index]) return false;
    }
    return true;
  }

  #acknowledge(packetId: number, kept: Promise<void>): void {
    if (this.#group?.kept === kept) {
      this.#group.packetIds.push(packetId);
      return;
    }
    const group: Group = { kept, packetIds: [packetId] };
    this.#group = group;
    kept.then(
      () => this.#connection.send(pubacks(group.packetIds)),
      (error: Error) => this.#connection.destroy(error),
    );
  }
}

function pubacks(packetIds: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(packetIds.length * PUBACK_BYTES);
  let offset = 0;
  for (const packetId of packetIds) {
    bytes[offset] = PUBACK;
    bytes[offset + 1] = PUBACK_BYTES - 2;
    offset = bytes.writeUInt16BE(packetId, offset + 2);
  }
  return bytes;
}

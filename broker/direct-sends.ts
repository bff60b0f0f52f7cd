import { Buffer } from 'node:buffer';
import type { Client } from 'aedes';
import { connectionOf } from './connection.ts';
import type { LinkMessage, LinkOutcome } from './device-link.ts';
import { takePacketId } from './packet-ids.ts';

/** First byte of a PUBLISH, and its flags [MQTT-3.3.1]. */
const PUBLISH = 0x30;
const DUP = 0b1000;
/** Most bytes of a remaining length [MQTT-2.2.3]. */
const MAX_LENGTH_BYTES = 4;

/**
 * Messages sent to one connection past Aedes and the queue of its session. Aedes asks its persistence about every packet id
 * that is acknowledged; those that are found here are not the session's.
 */
export class DirectSends {
  readonly #open = new WeakMap<Client, Map<number, (outcome: LinkOutcome) => void>>();

  send(client: Client, message: LinkMessage): Promise<LinkOutcome> {
    if (client.closed) return Promise.resolve('lost');
    if (message.qos === 0) {
      connectionOf(client).send(publishPacket(message, null));
      return Promise.resolve('written');
    }
    const open = this.#open.get(client) ?? new Map<number, (outcome: LinkOutcome) => void>();
    this.#open.set(client, open);
    const packetId = takePacketId(client, (id) => open.has(id));
    const { promise, resolve } = Promise.withResolvers<LinkOutcome>();
    open.set(packetId, resolve);
    connectionOf(client).send(publishPacket(message, packetId));
    return promise;
  }

  /** A PUBACK came. @returns whether it was for a message that was sent here */
  acknowledged(client: Client, packetId: number | undefined): boolean {
    const open = this.#open.get(client);
    const resolve = packetId === undefined ? undefined : open?.get(packetId);
    if (packetId === undefined || resolve === undefined) return false;
    open?.delete(packetId);
    resolve('acknowledged');
    return true;
  }

  /** The connection ended: nothing more will be acknowledged. */
  closed(client: Client): void {
    const open = this.#open.get(client);
    this.#open.delete(client);
    for (const resolve of open?.values() ?? []) resolve('lost');
  }
}

function publishPacket({ topic, payload, qos, dup }: LinkMessage, packetId: number | null): Buffer {
  const name = Buffer.from(topic);
  const body = typeof payload === 'string' ? Buffer.from(payload) : payload;
  const idBytes = packetId === null ? 0 : 2;
  const length = 2 + name.length + idBytes + body.length;
  const packet = Buffer.allocUnsafe(1 + MAX_LENGTH_BYTES + length);
  packet[0] = PUBLISH | (dup ? DUP : 0) | (qos << 1);
  let at = 1;
  let rest = length;
  do {
    packet[at] = (rest % 128) | (rest >= 128 ? 128 : 0);
    rest = Math.floor(rest / 128);
    at += 1;
  } while (rest > 0);
  at = packet.writeUInt16BE(name.length, at);
  at += name.copy(packet, at);
  if (packetId !== null) at = packet.writeUInt16BE(packetId, at);
  packet.set(body, at);
  return packet.subarray(0, at + body.length);
}

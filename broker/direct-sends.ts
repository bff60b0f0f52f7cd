import type { Client } from 'aedes';
import type { LinkMessage, LinkOutcome } from './device-link.ts';

/** What Aedes' client has beyond its typings. */
interface SendingClient {
  _nextId: number;
  deliverQoS(packet: object, done: () => void): void;
}

const MAX_PACKET_ID = 65_535;

/**
 * Messages sent to one connection past the queue of its session. Aedes asks its persistence about every packet id that is
 * acknowledged; those that are found here are not the session's.
 */
export class DirectSends {
  readonly #open = new WeakMap<Client, Map<number, (outcome: LinkOutcome) => void>>();

  send(client: Client, { topic, payload, qos, dup }: LinkMessage): Promise<LinkOutcome> {
    const { promise, resolve } = Promise.withResolvers<LinkOutcome>();
    if (client.closed) return Promise.resolve('lost');
    const sending = client as unknown as SendingClient;
    const packet = {
      cmd: 'publish',
      topic,
      payload: Buffer.from(payload as Uint8Array),
      qos,
      retain: false,
      dup,
      messageId: 0,
    };
    const open = this.#open.get(client) ?? new Map<number, (outcome: LinkOutcome) => void>();
    this.#open.set(client, open);
    if (qos === 0) {
      sending.deliverQoS(packet, () => resolve(client.closed ? 'lost' : 'written'));
      return promise;
    }
    packet.messageId = freeId(sending, open);
    open.set(packet.messageId, resolve);
    sending.deliverQoS(packet, () => undefined);
    return promise;
  }

  /** Whether a packet id is of a message that was sent here. */
  has(client: Client, packetId: number | undefined): boolean {
    return packetId !== undefined && this.#open.get(client)?.has(packetId) === true;
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

/** The next packet id of a connection, counted as Aedes counts it. */
function freeId(client: SendingClient, open: ReadonlyMap<number, unknown>): number {
  do {
    client._nextId = client._nextId >= MAX_PACKET_ID ? 1 : client._nextId + 1;
  } while (open.has(client._nextId));
  const id = client._nextId;
  client._nextId = id >= MAX_PACKET_ID ? 1 : id + 1;
  return id;
}

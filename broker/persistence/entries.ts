import { Buffer } from 'node:buffer';

/** Length of a packet's header, in front of it. */
const LENGTH_BYTES = 4;
/** As many digits as the largest safe integer has, so that keys sort like their numbers. */
const SEQ_DIGITS = 16;

/** A message as Aedes holds it for a session, as a retained message or as a will. */
export interface StoredPacket {
  cmd: string;
  topic: string;
  payload: string | Uint8Array;
  qos: number;
  retain: boolean;
  dup: boolean;
  brokerId?: string;
  brokerCounter?: number;
  messageId?: number | undefined;
  clientId?: string;
}

export interface StoredSubscription {
  readonly topic: string;
  readonly qos: number;
  readonly rh?: number;
  readonly rap?: boolean;
  readonly nl?: boolean;
  readonly subscriptionIdentifier?: number;
}

/** How far the delivery of a message that waits has come: its packet id, and whether only its PUBREL is still to be sent. */
export interface Progress {
  readonly messageId: number;
  readonly released: boolean;
}

/** Keys of the map. Client ids hold no slash, so nothing is ambiguous; topics may, and stand last. */
export const keys = {
  owner: (clientId: string) => `owner/${clientId}`,
  subscription: (clientId: string, topic: string) => `subscription/${clientId}/${topic}`,
  waiting: (clientId: string, seq: number) => `waiting/${clientId}/${digits(seq)}`,
  progress: (clientId: string, seq: number) => `progress/${clientId}/${digits(seq)}`,
  unreleased: (clientId: string, packetId: number) => `unreleased/${clientId}/${packetId}`,
  retained: (topic: string) => `retained/${topic}`,
  will: (clientId: string) => `will/${clientId}`,
  /** Holds nothing: written to see whether the disk takes anything again. */
  probe: () => 'probe/',
} as const;

export type EntryKind = keyof typeof keys;

/** Takes a key apart: its kind, whose it is (a client id, or the topic of a retained message), and what follows. */
export function readKey(key: string): { kind: EntryKind; owner: string; rest: string } {
  const slash = key.indexOf('/');
  const kind = key.slice(0, slash) as EntryKind;
  if (!Object.hasOwn(keys, kind))
    throw new Error(`the sessions on disk hold an entry of unknown kind: ${kind}`);
  if (kind === 'retained') return { kind, owner: key.slice(slash + 1), rest: '' };
  const next = key.indexOf('/', slash + 1);
  if (next === -1) return { kind, owner: key.slice(slash + 1), rest: '' };
  return { kind, owner: key.slice(slash + 1, next), rest: key.slice(next + 1) };
}

export function encodeJson(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

export function decodeJson<T>(bytes: Uint8Array): T {
  return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()) as T;
}

/** A packet as bytes: length of the header (32 bits), the header as JSON, the payload as it is. */
export function encodePacket(packet: StoredPacket): Uint8Array {
  const { payload, ...header } = packet;
  const head = encodeJson(header);
  const body = typeof payload === 'string' ? Buffer.from(payload) : payload;
  const bytes = Buffer.allocUnsafe(LENGTH_BYTES + head.length + body.length);
  bytes.writeUInt32BE(head.length);
  bytes.set(head, LENGTH_BYTES);
  bytes.set(body, LENGTH_BYTES + head.length);
  return bytes;
}

export function decodePacket(bytes: Uint8Array): StoredPacket {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headEnd = LENGTH_BYTES + buffer.readUInt32BE();
  const header = decodeJson<Omit<StoredPacket, 'payload'>>(buffer.subarray(LENGTH_BYTES, headEnd));
  // A copy, so that a small message does not hold the page that it was read from.
  return { ...header, payload: Buffer.from(buffer.subarray(headEnd)) };
}

function digits(seq: number): string {
  return String(seq).padStart(SEQ_DIGITS, '0');
}

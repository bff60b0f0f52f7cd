import { Buffer } from 'node:buffer';

/** MQTT 3.1.1 packets byte by byte, for what a well-behaved client library would not send. */
export function connectPacket(options: {
  clientId: string;
  username: string;
  password: string;
  clean: boolean;
}): Buffer {
  const flags = 0xc0 | (options.clean ? 2 : 0);
  const keepAliveSeconds = 60;
  return packet(
    0x10,
    text('MQTT'),
    Buffer.of(4, flags, 0, keepAliveSeconds),
    text(options.clientId),
    text(options.username),
    text(options.password),
  );
}

/** With a will of QoS 0 on the user's telemetry topic; the client id is the user's name unless told otherwise. */
export function connectWithWill(options: {
  clientId?: string;
  username: string;
  password: string;
  will: string;
}): Buffer {
  const { username, password, will, clientId = username } = options;
  const strings = [clientId, `devices/${username}/telemetry`, will, username, password].map(text);
  return packet(0x10, text('MQTT'), Buffer.of(4, 0xc0 | 0x04 | 0x02, 0, 60), ...strings);
}

/** @param packetId left out for QoS 0 */
export function publishPacket(
  topic: string,
  payload: string | Uint8Array,
  qos: 0 | 1 | 2,
  packetId = 0,
  dup = false,
): Buffer {
  const id = Buffer.alloc(qos === 0 ? 0 : 2);
  if (qos > 0) id.writeUInt16BE(packetId);
  return packet(0x30 | (qos << 1) | (dup ? 8 : 0), text(topic), id, Buffer.from(payload));
}

export function pubrelPacket(packetId: number): Buffer {
  return Buffer.of(0x62, 2, packetId >> 8, packetId & 0xff);
}

export const DISCONNECT = Buffer.of(0xe0, 0);

/** Any packet: type and flags, then the parts of its body. */
export function packet(typeAndFlags: number, ...parts: Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const header = [typeAndFlags];
  let left = body.length;
  do {
    header.push((left % 128) | (left >= 128 ? 128 : 0));
    left = Math.floor(left / 128);
  } while (left > 0);
  return Buffer.concat([Buffer.from(header), body]);
}

export function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

import { Buffer } from 'node:buffer';
import type { JournalEntry, StoredEntry } from './journal.ts';
import type { Senders } from './senders.ts';

/**
 * How entries lie in a segment, little endian, one after the other:
 *
 *     0 u32 length of the entry, this header included     24 u16 packet id
 *     4 u32 its sequence minus the segment's first        26 u16 span
 *     8 f64 receivedAt                                    28 u8  qos, plus 4 where dup
 *    16 u32 payload length                                29 u8  user id length
 *    20 u32 truncatedFrom                                 30 u16 client id length
 *                                                         32 u16 topic length
 *    34 user id, client id, topic (UTF-8), payload
 */
const HEADER_BYTES = 34;
export const RECEIVED_AT_OFFSET = 8;
const DUP = 4;
const LONGEST_UTF8_OF_UTF16_UNIT = 3;
const MAX_TEXT_BYTES = 0xffff;
const MAX_USER_BYTES = 0xff;

/** Bytes that are surely enough for an entry. */
export function roomFor(entry: JournalEntry): number {
  const units = entry.userId.length + entry.clientId.length + entry.topic.length;
  return HEADER_BYTES + units * LONGEST_UTF8_OF_UTF16_UNIT + entry.payload.length;
}

/** Whether the texts of an entry fit the format; what comes from the broker always does. */
export function fitsSegment(entry: JournalEntry): boolean {
  return (
    Buffer.byteLength(entry.userId) <= MAX_USER_BYTES &&
    Buffer.byteLength(entry.clientId) <= MAX_TEXT_BYTES &&
    Buffer.byteLength(entry.topic) <= MAX_TEXT_BYTES
  );
}

/** Writes an entry at `offset`, where `roomFor` bytes are free, and returns the offset behind it. */
export function writeEntry(
  target: Buffer,
  offset: number,
  entry: JournalEntry,
  seqInSegment: number,
): number {
  let end = offset + HEADER_BYTES;
  const userLength = target.write(entry.userId, end, 'utf8');
  end += userLength;
  const clientLength = target.write(entry.clientId, end, 'utf8');
  end += clientLength;
  const topicLength = target.write(entry.topic, end, 'utf8');
  end += topicLength;
  target.set(entry.payload, end);
  end += entry.payload.length;
  target.writeUInt32LE(end - offset, offset);
  target.writeUInt32LE(seqInSegment, offset + 4);
  target.writeDoubleLE(entry.receivedAt, offset + RECEIVED_AT_OFFSET);
  target.writeUInt32LE(entry.payload.length, offset + 16);
  target.writeUInt32LE(entry.truncatedFrom, offset + 20);
  target.writeUInt16LE(entry.packetId, offset + 24);
  target.writeUInt16LE(entry.span, offset + 26);
  target.writeUInt8(entry.qos | (entry.dup ? DUP : 0), offset + 28);
  target.writeUInt8(userLength, offset + 29);
  target.writeUInt16LE(clientLength, offset + 30);
  target.writeUInt16LE(topicLength, offset + 32);
  return end;
}

/** Sequences that a whole segment takes up. */
export function sequencesIn(segment: Buffer): number {
  let end = 0;
  for (let offset = 0; offset < segment.length; offset += segment.readUInt32LE(offset))
    end = segment.readUInt32LE(offset + 4) + segment.readUInt16LE(offset + 26);
  return end;
}

/** Walks through the entries of a segment where they lie; not for reading them, which `SegmentCursor` does. */
export class EntryCursor {
  readonly #bytes: Buffer;
  readonly #firstSeq: number;
  #offset = 0;

  constructor(bytes: Buffer, firstSeq: number) {
    this.#bytes = bytes;
    this.#firstSeq = firstSeq;
  }

  get done(): boolean {
    return this.#offset >= this.#bytes.length;
  }

  next(): void {
    this.#offset += this.#bytes.readUInt32LE(this.#offset);
  }

  get seq(): number {
    return this.#firstSeq + this.#bytes.readUInt32LE(this.#offset + 4);
  }

  get userId(): string {
    return this.#bytes.toString('utf8', this.#offset + HEADER_BYTES, this.#clientStart);
  }

  get topic(): string {
    const start = this.#clientStart + this.#bytes.readUInt16LE(this.#offset + 30);
    return this.#bytes.toString('utf8', start, start + this.#bytes.readUInt16LE(this.#offset + 32));
  }

  /** A view. */
  get payload(): Buffer {
    const end = this.#offset + this.#bytes.readUInt32LE(this.#offset);
    return this.#bytes.subarray(end - this.#bytes.readUInt32LE(this.#offset + 16), end);
  }

  /** All but the header: who, on what and what. A view. */
  get content(): Buffer {
    const end = this.#offset + this.#bytes.readUInt32LE(this.#offset);
    return this.#bytes.subarray(this.#offset + HEADER_BYTES, end);
  }

  get #clientStart(): number {
    return this.#offset + HEADER_BYTES + this.#bytes.readUInt8(this.#offset + 29);
  }
}

/** Walks through the entries of a segment; payloads are views into it. */
export class SegmentCursor {
  readonly lastSeq: number;
  readonly #firstSeq: number;
  readonly #bytes: Buffer;
  readonly #senders: Senders;
  #offset = 0;

  constructor(firstSeq: number, lastSeq: number, bytes: Uint8Array, senders: Senders) {
    this.#firstSeq = firstSeq;
    this.lastSeq = lastSeq;
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#senders = senders;
  }

  get done(): boolean {
    return this.#offset >= this.#bytes.length;
  }

  /** Sequence and payload length of the next entry, without taking it. Not to be called when done. */
  peek(): { readonly seq: number; readonly payloadBytes: number } {
    return {
      seq: this.#firstSeq + this.#bytes.readUInt32LE(this.#offset + 4),
      payloadBytes: this.#bytes.readUInt32LE(this.#offset + 16),
    };
  }

  skip(): void {
    this.#offset += this.#bytes.readUInt32LE(this.#offset);
  }

  take(): StoredEntry {
    const bytes = this.#bytes;
    const start = this.#offset;
    const flags = bytes.readUInt8(start + 28);
    const userStart = start + HEADER_BYTES;
    const userBytes = bytes.readUInt8(start + 29);
    const clientBytes = bytes.readUInt16LE(start + 30);
    const payloadStart = userStart + userBytes + clientBytes + bytes.readUInt16LE(start + 32);
    const end = start + bytes.readUInt32LE(start);
    this.#offset = end;
    const { topic, userId, clientId } = this.#senders.at(
      bytes,
      userStart,
      userBytes,
      clientBytes,
      payloadStart,
    );
    return {
      seq: this.#firstSeq + bytes.readUInt32LE(start + 4),
      receivedAt: bytes.readDoubleLE(start + RECEIVED_AT_OFFSET),
      topic,
      userId,
      clientId,
      packetId: bytes.readUInt16LE(start + 24),
      qos: (flags & 3) as 0 | 1 | 2,
      dup: (flags & DUP) !== 0,
      payload: bytes.subarray(payloadStart, end),
      truncatedFrom: bytes.readUInt32LE(start + 20),
      span: bytes.readUInt16LE(start + 26),
    };
  }
}

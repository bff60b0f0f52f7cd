import { Buffer } from 'node:buffer';
import type { BrokerLimits } from './limits.ts';
import { MAX_TOPIC_BYTES } from './topics.ts';

const PUBLISH = 3;
/** Type and flags, and at most four bytes of length [MQTT-2.2.3]. */
const MAX_FIXED_HEADER = 5;
const LENGTH_BITS = 7;
const MORE_LENGTH = 0x80;
/** Topic length, topic, packet id. */
const MAX_PUBLISH_OVERHEAD = 2 + MAX_TOPIC_BYTES + 2;

export interface Scanned {
  /** What the broker may have of the chunk. */
  readonly pass: readonly Buffer[];
  /** What came behind the first packet; only from `scanFirst`. */
  readonly rest: Buffer | null;
  /** Why the connection has to be closed, or null. */
  readonly fault: string | null;
}

/**
 * Follows the MQTT framing of one connection without touching bodies, because the broker's parser gathers a packet of any
 * size in memory before it looks at it. An over-long PUBLISH goes on as a shorter one that has only its head; the rest is
 * dropped as it comes, so that it may be as long as MQTT allows.
 */
export class FrameScanner {
  readonly #limits: BrokerLimits;
  /** Bytes of the current packet that are still to be passed, and behind them, to be dropped. */
  #passing = 0;
  #dropping = 0;
  /** Bytes of the current packet that are passed in all, and how many packets have begun. */
  #toPass = 0;
  #packets = 0;
  /** Start of a fixed header whose rest has not come. */
  #header: Buffer | null = null;
  #publishes = 0;
  #first: 'waiting' | 'inside' | 'over' = 'waiting';
  /** Body length as sent of each shortened PUBLISH, by its number in the connection. */
  readonly #shortened = new Map<number, number>();

  constructor(limits: BrokerLimits) {
    this.#limits = limits;
  }

  /** Whether the connection's first packet has come whole. */
  get firstIsOver(): boolean {
    return this.#first === 'over';
  }

  /** Number of the latest packet, from 1. */
  get packet(): number {
    return this.#packets;
  }

  /** Bytes passed of a packet that has not been passed whole: the parser holds them. */
  get heldBytes(): number {
    return this.#passing === 0 ? 0 : this.#toPass - this.#passing;
  }

  /** Takes bytes up to the end of the connection's first packet. */
  scanFirst(chunk: Buffer): Scanned {
    return this.#scan(chunk, true);
  }

  scan(chunk: Buffer): Scanned {
    return this.#scan(chunk, false);
  }

  /** Body length as sent of the n-th PUBLISH (from 0) if it was shortened, else 0. Asked once for each. */
  shortenedFrom(publish: number): number {
    if (this.#shortened.size === 0) return 0;
    const length = this.#shortened.get(publish) ?? 0;
    this.#shortened.delete(publish);
    return length;
  }

  #scan(arrived: Buffer, onlyFirst: boolean): Scanned {
    const chunk = this.#header === null ? arrived : Buffer.concat([this.#header, arrived]);
    this.#header = null;
    const pass: Buffer[] = [];
    let position = 0;
    let passFrom = 0;
    const passUpTo = (end: number): void => {
      if (end > passFrom)
        pass.push(passFrom === 0 && end === chunk.length ? chunk : chunk.subarray(passFrom, end));
    };

    for (;;) {
      if (this.#passing > 0) {
        const step = Math.min(this.#passing, chunk.length - position);
        this.#passing -= step;
        position += step;
      }
      if (this.#passing === 0 && this.#dropping > 0) {
        passUpTo(position);
        const step = Math.min(this.#dropping, chunk.length - position);
        this.#dropping -= step;
        position += step;
        passFrom = position;
      }
      if (this.#passing === 0 && this.#dropping === 0 && this.#first === 'inside') this.#first = 'over';
      if (onlyFirst && this.#first === 'over') {
        passUpTo(position);
        return { pass, rest: position < chunk.length ? chunk.subarray(position) : null, fault: null };
      }
      if (position >= chunk.length) break;

      const header = readFixedHeader(chunk, position);
      if (header === 'malformed') return { pass, rest: null, fault: 'malformed packet length' };
      if (header === 'incomplete') {
        this.#header = chunk.subarray(position);
        break;
      }
      if (this.#first === 'waiting') this.#first = 'inside';
      const fault = this.#faultOf(header);
      if (fault !== null) return { pass, rest: null, fault };
      const bodyStart = position + header.headerBytes;
      if (header.type === PUBLISH) {
        if (header.bodyBytes > this.#limits.maxPayloadBytes + MAX_PUBLISH_OVERHEAD) {
          passUpTo(position);
          const kept = MAX_PUBLISH_OVERHEAD + this.#limits.keptHeadBytes;
          pass.push(fixedHeader(chunk[position] ?? 0, kept));
          passFrom = bodyStart;
          this.#shortened.set(this.#publishes, header.bodyBytes);
          this.#passing = kept;
          this.#dropping = header.bodyBytes - kept;
        } else {
          this.#passing = header.bodyBytes;
        }
        this.#publishes += 1;
      } else {
        this.#passing = header.bodyBytes;
      }
      this.#toPass = this.#passing;
      this.#packets += 1;
      position = bodyStart;
    }
    passUpTo(this.#header === null ? position : chunk.length - this.#header.length);
    return { pass, rest: null, fault: null };
  }

  #faultOf(header: FixedHeader): string | null {
    const limit = this.#limits.maxControlPacketBytes;
    return header.type !== PUBLISH && header.bodyBytes > limit
      ? `packet of ${header.bodyBytes} bytes; at most ${limit} are allowed`
      : null;
  }
}

interface FixedHeader {
  readonly type: number;
  readonly headerBytes: number;
  readonly bodyBytes: number;
}

function readFixedHeader(chunk: Buffer, start: number): FixedHeader | 'incomplete' | 'malformed' {
  let bodyBytes = 0;
  for (let index = 1; index < MAX_FIXED_HEADER; index += 1) {
    const byte = chunk[start + index];
    if (byte === undefined) return 'incomplete';
    bodyBytes += (byte & (MORE_LENGTH - 1)) * 2 ** (LENGTH_BITS * (index - 1));
    if (byte < MORE_LENGTH) return { type: (chunk[start] ?? 0) >> 4, headerBytes: index + 1, bodyBytes };
  }
  return 'malformed';
}

function fixedHeader(typeAndFlags: number, bodyBytes: number): Buffer {
  const bytes = [typeAndFlags];
  let left = bodyBytes;
  do {
    const more = left >= MORE_LENGTH ? MORE_LENGTH : 0;
    bytes.push((left % MORE_LENGTH) | more);
    left = Math.floor(left / MORE_LENGTH);
  } while (left > 0);
  return Buffer.from(bytes);
}

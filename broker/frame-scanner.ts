import { Buffer } from 'node:buffer';
import type { BrokerLimits } from './limits.ts';
import { MAX_TOPIC_BYTES } from './topics.ts';

const PUBLISH = 3;
/** Type and flags, and at most four bytes of length [MQTT-2.2.3]. */
const MAX_FIXED_HEADER = 5;
const LENGTH_BITS = 7;
const MORE_LENGTH = 0x80;
/**
 * A PUBLISH up to this length is gathered here when it comes in parts, so that the lane can take it. Larger ones are left to
 * the parser, for each part that comes is copied together with those before it.
 */
const LONGEST_GATHERED_BYTES = 16 * 1024;
/** Topic length, topic, packet id. */
const MAX_PUBLISH_OVERHEAD = 2 + MAX_TOPIC_BYTES + 2;

/** Who takes messages before the broker sees them. */
export interface Lane {
  /** Takes a PUBLISH whose body is `chunk` from `start` to `end`, or leaves it. `header` is its first byte. */
  take(chunk: Buffer, header: number, start: number, end: number): boolean;
}

export interface Scanned {
  /** What the broker may have of the chunk. */
  readonly pass: readonly Buffer[];
  /** What came behind the first packet; only from `scanFirst`. */
  readonly rest: Buffer | null;
  /** Whether the lane took any. */
  readonly taken: boolean;
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
  /** Start of a packet (of its fixed header, or of a PUBLISH that is gathered) whose rest has not come. */
  #start: Buffer | null = null;
  #publishes = 0;
  #begun = 0;
  #first: 'waiting' | 'inside' | 'over' = 'waiting';
  /** Body length as sent of each shortened PUBLISH, by its number in the connection. */
  readonly #shortened = new Map<number, number>();

  readonly #longestGathered: number;

  constructor(limits: BrokerLimits) {
    this.#limits = limits;
    this.#longestGathered = Math.min(LONGEST_GATHERED_BYTES, limits.maxPayloadBytes);
  }

  /** Whether the connection's first packet has come whole. */
  get firstIsOver(): boolean {
    return this.#first === 'over';
  }

  /** Number of the latest packet, from 1. */
  get packet(): number {
    return this.#start === null ? this.#packets : this.#packets + 1;
  }

  /** PUBLISH packets that have come so far, whoever took them. */
  get begunPublishes(): number {
    return this.#begun;
  }

  /** Bytes of a packet that has not come whole: gathered here, or passed and held by the parser. */
  get heldBytes(): number {
    return this.#passing === 0 ? (this.#start?.length ?? 0) : this.#toPass - this.#passing;
  }

  /** Takes bytes up to the end of the connection's first packet. */
  scanFirst(chunk: Buffer): Scanned {
    return this.#scan(chunk, true, null, 0);
  }

  /**
   * @param lane who is offered each PUBLISH that nothing before it can still be behind
   * @param shown number of PUBLISH packets passed so far that the broker has looked at
   */
  scan(chunk: Buffer, lane: Lane | null = null, shown = 0): Scanned {
    return this.#scan(chunk, false, lane, shown);
  }

  /** Body length as sent of the n-th PUBLISH (from 0) if it was shortened, else 0. Asked once for each. */
  shortenedFrom(publish: number): number {
    if (this.#shortened.size === 0) return 0;
    const length = this.#shortened.get(publish) ?? 0;
    this.#shortened.delete(publish);
    return length;
  }

  #scan(arrived: Buffer, onlyFirst: boolean, lane: Lane | null, shown: number): Scanned {
    const chunk = this.#start === null ? arrived : Buffer.concat([this.#start, arrived]);
    this.#start = null;
    const pass: Buffer[] = [];
    let taken = false;
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
        return { pass, rest: position < chunk.length ? chunk.subarray(position) : null, taken, fault: null };
      }
      if (position >= chunk.length) break;

      const header = readFixedHeader(chunk, position);
      if (header === 'malformed') return { pass, rest: null, taken, fault: 'malformed packet length' };
      if (header === 'incomplete') {
        this.#start = Buffer.from(chunk.subarray(position));
        break;
      }
      if (this.#first === 'waiting') this.#first = 'inside';
      const fault = this.#faultOf(header);
      if (fault !== null) return { pass, rest: null, taken, fault };
      const bodyStart = position + header.headerBytes;
      if (header.type === PUBLISH) {
        // Behind one that the broker has not looked at, a message must not be taken first: their order would change.
        if (lane !== null && this.#publishes === shown && header.bodyBytes <= this.#longestGathered) {
          const bodyEnd = bodyStart + header.bodyBytes;
          if (bodyEnd > chunk.length) {
            this.#start = Buffer.from(chunk.subarray(position));
            break;
          }
          if (lane.take(chunk, chunk[position] ?? 0, bodyStart, bodyEnd)) {
            passUpTo(position);
            passFrom = bodyEnd;
            position = bodyEnd;
            taken = true;
            this.#packets += 1;
            this.#begun += 1;
            continue;
          }
        }
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
        this.#begun += 1;
      } else {
        this.#passing = header.bodyBytes;
      }
      this.#toPass = this.#passing;
      this.#packets += 1;
      position = bodyStart;
    }
    passUpTo(position);
    return { pass, rest: null, taken, fault: null };
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

import { Buffer } from 'node:buffer';
import { spanOf } from '../../broker/codecs/codec.ts';
import type { JournalEntry } from '../journal/journal.ts';
import type { RetryableMessage } from '../records/quarantine.ts';
import type { QuarantinedPart } from '../records/quarantined-part.ts';

/** A quarantined message that is taken again, as it lies in the journal. */
export interface Retry {
  readonly quarantineId: string;
  readonly device: string;
  /** On which it came. */
  readonly topic: string;
  /** When it came, epoch ms. */
  readonly receivedAt: number;
  /** Which part of it; null: all that it holds. */
  readonly part: QuarantinedPart | null;
  readonly payload: Uint8Array;
}

type Header = Omit<Retry, 'payload'>;

/** Clients may not publish below `$`, and none has an empty name: such an entry comes from the gateway itself. */
const RETRY_TOPIC = '$wayside/retry';
const NOBODY = '';
const LENGTH_BYTES = 4;

/**
 * The journal entry that has a quarantined message taken again: durable as every other, and in its turn. It holds the payload once
 * more, for the row in quarantine goes when it is taken, and the telemetry writer may have to read it after that.
 *
 * @param now domain time, epoch ms
 */
export function retryEntry({ id, payload, ...message }: RetryableMessage, now: number): JournalEntry {
  const header: Header = {
    quarantineId: id,
    device: message.device,
    topic: message.topic,
    receivedAt: message.firstSeenAt,
    part: message.part,
  };
  const head = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32LE(head.length);
  return {
    receivedAt: now,
    topic: RETRY_TOPIC,
    userId: NOBODY,
    clientId: NOBODY,
    packetId: 0,
    qos: 0,
    dup: false,
    payload: Buffer.concat([length, head, payload]),
    truncatedFrom: 0,
    span: message.part === null ? spanOf(payload) : 1,
  };
}

/** Whether an entry asks that something be taken again. */
export function isRetry({ topic, userId }: Pick<JournalEntry, 'topic' | 'userId'>): boolean {
  return userId === NOBODY && topic === RETRY_TOPIC;
}

/** What an entry asks to be taken again; null for what clients sent. */
export function retryOf(entry: Pick<JournalEntry, 'topic' | 'userId' | 'payload'>): Retry | null {
  if (!isRetry(entry)) return null;
  const { buffer, byteOffset, byteLength } = entry.payload;
  const bytes = Buffer.from(buffer, byteOffset, byteLength);
  const headEnd = LENGTH_BYTES + bytes.readUInt32LE(0);
  const header = JSON.parse(bytes.toString('utf8', LENGTH_BYTES, headEnd)) as Header;
  return { ...header, payload: bytes.subarray(headEnd) };
}

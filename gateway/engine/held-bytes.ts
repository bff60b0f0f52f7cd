import { isGzip } from '../../broker/codecs/unpack.ts';
import type { Reading } from '../../rules/readings/reading.ts';
import type { StoredEntry } from '../journal/journal.ts';
import { statefulCodecOf } from './decode-payload.ts';
import type { NumberedReading } from './intake.ts';

/** Of a reading: its time, its position, and that it is one. */
const BYTES_A_READING = 100;
/** Of a metric beside its name, where it is a number or a flag. */
const BYTES_A_VALUE = 10;

type Message = Pick<StoredEntry, 'topic' | 'payload'>;

/** Whether a message may say a thousand times what it has bytes: it is packed, or calls metrics by the numbers of earlier ones. */
export function isTerse({ topic, payload }: Message): boolean {
  return isGzip(payload) || statefulCodecOf(topic) !== null;
}

/**
 * By how many bytes the readings of a message count where they are held: about what they would be as text. Of nearly all, that is the
 * length of their payload, and nothing is looked at.
 */
export function heldBytes(message: Message, readings: readonly NumberedReading[]): number {
  if (!isTerse(message)) return message.payload.length + BYTES_A_READING * readings.length;
  let bytes = 0;
  for (const { reading } of readings) bytes += readingBytes(reading);
  return bytes;
}

/** The same of one reading, by what is in it. */
export function readingBytes({ metrics, event }: Reading): number {
  let bytes = BYTES_A_READING + (event?.length ?? 0);
  for (const name in metrics) {
    const value = metrics[name];
    bytes += name.length + BYTES_A_VALUE + (typeof value === 'string' ? value.length : 0);
  }
  return bytes;
}

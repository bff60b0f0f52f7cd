import type { DialectRequest } from '../../broker/codecs/codec.ts';
import { parseDeviceTopic } from '../../broker/topics.ts';
import type { Reading, ReadingProblem } from '../../rules/readings/reading.ts';
import type { StoredEntry } from '../journal/journal.ts';
import { decodePayload, isDialectTopic, type StatefulDecoding } from './decode-payload.ts';
import type { DialectStates } from './dialect-states.ts';
import { retried } from './retried-readings.ts';
import { type Retry, retryOf } from './retry-entry.ts';

/** One reading of an entry, with the journal sequence that is its own. */
export interface NumberedReading {
  readonly seq: number;
  readonly reading: Reading;
}

export interface Decoding {
  /** In the order in which they are to be taken: by `at` (arrival where missing), then as sent. */
  readonly readings: readonly NumberedReading[];
  readonly problems: readonly ReadingProblem[];
  /** What a dialect asks to be published in answer; only where it does. */
  readonly requests?: readonly DialectRequest[];
  /** As of a codec. */
  readonly countsFromArrival?: true;
}

export interface Intake extends Decoding {
  /** Of what is taken again out of quarantine; null for what comes for the first time. */
  readonly retry: Retry | null;
}

/** The device that an entry is about, or null where the topic carries no telemetry. */
export function deviceOf(entry: StoredEntry): string | null {
  const topic = parseDeviceTopic(entry.topic);
  if (topic === null) return retryOf(entry)?.device ?? (isDialectTopic(entry) ? entry.userId : null);
  return topic.kind === 'telemetry' ? topic.deviceId : null;
}

/**
 * Turns an entry into readings. Never throws: what can't be read is a problem.
 *
 * @param states without them readings of dialects that build on earlier messages are left out (see decode-payload.ts)
 */
export function takeIn(entry: StoredEntry, states: DialectStates | null = null): Intake {
  const retry = retryOf(entry);
  if (retry === null) return decoded(entry, states);
  const { device, topic, receivedAt, payload } = retry;
  const message = { ...entry, userId: device, topic, receivedAt, payload };
  const again: StatefulDecoding | null = states === null ? null : { decode: states.decodeAgain };
  return { ...retried(decoded(message, again), retry, entry.seq), retry };
}

function decoded(entry: StoredEntry, states: StatefulDecoding | null): Intake {
  if (entry.truncatedFrom > 0) {
    const message = `the payload has ${entry.truncatedFrom.toLocaleString('en')} bytes; at most 1,048,576 are taken. Send smaller batches.`;
    return { readings: [], problems: [{ code: 'too_large', message }], retry: null };
  }
  const decoding = decodePayload(entry, states);
  const { readings, problems } = decoding;
  const [only] = readings;
  const numbered =
    readings.length === 1 && only !== undefined
      ? [{ seq: entry.seq, reading: only }]
      : readings.map((reading, index) => ({ seq: entry.seq + index, reading }));
  if (numbered.length > 1) {
    const time = (item: NumberedReading) => item.reading.at ?? entry.receivedAt;
    numbered.sort((a, b) => time(a) - time(b) || a.seq - b.seq);
  }
  // Nearly all have no more than that, and a copy of them costs more than a look.
  return decoding.requests === undefined && decoding.countsFromArrival === undefined
    ? { readings: numbered, problems, retry: null }
    : { ...decoding, readings: numbered, retry: null };
}

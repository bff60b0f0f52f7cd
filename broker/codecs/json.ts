import { Buffer, isUtf8 } from 'node:buffer';
import type { Reading, ReadingProblem } from '../../rules/reading.ts';
import { type Codec, type Decoded, MAX_READINGS_PER_MESSAGE } from './codec.ts';
import { parseReading } from './json-reading.ts';

/**
 * The native dialect: one reading as a JSON object, or an array of up to 1,000. A bad element of an array hurts only
 * itself, and so does a bad field where the rest of the reading still says something.
 */
export const jsonCodec: Codec = { decode };

function decode(payload: Uint8Array): Decoded {
  if (payload.length === 0)
    return refused('bad_json', 'the payload is empty; a JSON object or array is expected');
  if (!isUtf8(payload)) return refused('bad_encoding', 'the payload is not valid UTF-8');
  let document: unknown;
  try {
    const bytes = Buffer.isBuffer(payload)
      ? payload
      : Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
    document = JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    return refused(
      'bad_json',
      `the payload of ${payload.length} bytes is not valid JSON${whereItBroke(error)}`,
    );
  }
  if (!Array.isArray(document)) {
    const problems: ReadingProblem[] = [];
    const reading = parseReading(document, '', problems);
    return { readings: reading === null ? [] : [reading], problems };
  }
  return decodeArray(document);
}

function decodeArray(elements: readonly unknown[]): Decoded {
  if (elements.length === 0)
    return refused('bad_shape', 'the array is empty; 1 to 1,000 readings are expected');
  if (elements.length > MAX_READINGS_PER_MESSAGE) {
    return refused(
      'bad_shape',
      `the array has ${elements.length} elements; at most ${MAX_READINGS_PER_MESSAGE} are allowed`,
    );
  }
  const problems: ReadingProblem[] = [];
  const readings: Reading[] = [];
  for (const [index, element] of elements.entries()) {
    const reading = parseReading(element, `/${index}`, problems);
    if (reading !== null) readings.push(reading);
  }
  return { readings, problems };
}

function refused(code: ReadingProblem['code'], message: string): Decoded {
  return { readings: [], problems: [{ code, message }] };
}

/** V8's own message quotes the text around the fault, which may hold a position: only the offset is taken from it. */
function whereItBroke(error: unknown): string {
  const offset = error instanceof Error ? /at position (\d+)/.exec(error.message)?.[1] : undefined;
  return offset === undefined ? '' : ` (it breaks at character ${offset})`;
}

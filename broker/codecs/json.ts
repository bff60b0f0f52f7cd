import type { Reading, ReadingProblem } from '../../rules/readings/reading.ts';
import { type Decoded, MAX_READINGS_PER_MESSAGE, refused } from './codec.ts';
import { parseReading } from './json-reading.ts';
import { readJson } from './json-text.ts';

/**
 * The native dialect: one reading as a JSON object, or an array of up to 1,000. A bad element of an array hurts only
 * itself, and so does a bad field where the rest of the reading still says something.
 */
export const jsonCodec = {
  decode(payload: Uint8Array): Decoded {
    const document = readJson(payload);
    return document.ok ? decodeDocument(document.value) : { readings: [], problems: [document.problem] };
  },
};

/** The same for a document that was parsed before, from JSON or from CBOR. */
export function decodeDocument(document: unknown): Decoded {
  if (Array.isArray(document)) return decodeEach(document, parseReading);
  const problems: ReadingProblem[] = [];
  const reading = parseReading(document, '', problems);
  return { readings: reading === null ? [] : [reading], problems };
}

/** Takes the elements of an array one by one; `parse` gives null for one that says nothing, and adds to `problems`. */
export function decodeEach(
  elements: readonly unknown[],
  parse: (element: unknown, path: string, problems: ReadingProblem[]) => Reading | null,
): Decoded {
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
    const reading = parse(element, `/${index}`, problems);
    if (reading !== null) readings.push(reading);
  }
  return { readings, problems };
}

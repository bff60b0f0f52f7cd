import { type Problem, WaysideError } from '../errors.ts';
import { parseCsv } from './csv.ts';

/** What was read of a list of codes. */
export interface ReadCodes {
  /** In the order given, each once. */
  readonly codes: readonly string[];
  /** Those that stood there more than once. */
  readonly repeated: readonly string[];
  readonly problems: readonly Problem[];
}

export const MAX_CODES = 100_000;
const MAX_CODE_LENGTH = 128;
/** Letters, digits, signs and blanks within; nothing that a lock screen would not show. */
const CODE = /^[^\p{C}\p{Z}](?:[^\p{C}]*[^\p{C}\p{Z}])?$/u;

/** The first column of CSV; a header row `code` is passed over. */
export function* codesOfCsv(text: string): Generator<string> {
  let isFirst = true;
  for (const { cells } of parseCsv(text)) {
    const code = cells[0]?.trim() ?? '';
    if (!(isFirst && code.toLowerCase() === 'code')) yield code;
    isFirst = false;
  }
}

/**
 * Reads codes: each 1 to 128 characters without blanks around them. A wrong one does not keep the others out.
 *
 * @throws WaysideError `invalid_document` where there are too many
 */
export function readCodes(given: Iterable<unknown>): ReadCodes {
  const codes = new Set<string>();
  const repeated = new Set<string>();
  const problems: Problem[] = [];
  let index = 0;
  for (const code of given) {
    if (index === MAX_CODES)
      throw new WaysideError('invalid_document', `at most ${MAX_CODES} codes go in one request`);
    if (typeof code !== 'string' || code.length > MAX_CODE_LENGTH || !CODE.test(code))
      problems.push({
        path: String(index),
        message: `must be a text of 1 to ${MAX_CODE_LENGTH} characters, without blanks around it and control characters`,
      });
    else if (codes.has(code)) repeated.add(code);
    else codes.add(code);
    index += 1;
  }
  return { codes: [...codes], repeated: [...repeated], problems };
}

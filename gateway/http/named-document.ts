import { describeFound } from '../../rules/document/document.ts';
import type { Parsed } from '../../rules/document/problem.ts';
import type { Problem } from '../errors.ts';
import { invalidDocument } from './refused.ts';

/**
 * Reads a document that was sent to an address with its name.
 *
 * @param field where the document has its name: it may be left out there
 * @param name that of the address
 * @param parse gets the document with the name of the address, so that another one in it is told beside all else, and once
 * @throws WaysideError `invalid_document` with every problem
 */
export function readNamedDocument<T>(
  field: 'id' | 'name',
  name: string,
  body: unknown,
  parse: (document: unknown) => Parsed<T>,
): T {
  const isObject = typeof body === 'object' && body !== null && !Array.isArray(body);
  const given = isObject ? (body as Readonly<Record<string, unknown>>)[field] : undefined;
  const parsed = parse(isObject ? { ...body, [field]: name } : body);
  const problems: Problem[] = parsed.ok ? [] : [...parsed.problems];
  if (given !== undefined && given !== name) {
    const message = `must be "${name}", the name in the address; found ${describeFound(given)}`;
    problems.unshift({ path: field, message });
  }
  if (parsed.ok && problems.length === 0) return parsed.value;
  throw invalidDocument(problems);
}

import { type Problem, WaysideError } from '../errors.ts';
import type { HttpApp } from './context.ts';

/** Deeper than any document of this API goes; what is checked and written later is written by recursion. */
const MAX_DEPTH = 64;
const MAX_PROBLEMS = 100;

/**
 * Refuses bodies with what could not be kept as it was sent: numbers beyond a double, such as 1e999 or YAML's .inf, which
 * JSON would write as null, and documents nested without end.
 */
export function refuseUnkeepableBodies(app: HttpApp): void {
  app.addHook('preValidation', async (request) => {
    const problems = unkeepable(request.body);
    const [first] = problems;
    if (first !== undefined)
      throw new WaysideError('bad_request', `${first.path} ${first.message}`, { problems });
  });
}

/** The walk keeps a list of its own, for a recursion would itself be nested without end. */
function unkeepable(body: unknown): readonly Problem[] {
  const problems: Problem[] = [];
  const open: { readonly value: unknown; readonly path: string; readonly depth: number }[] = [
    { value: body, path: 'body', depth: 0 },
  ];
  for (let next = open.pop(); next !== undefined && problems.length < MAX_PROBLEMS; next = open.pop()) {
    const { value, path, depth } = next;
    if (!isKeepable(value)) problems.push({ path, message: 'must be a finite number' });
    if (typeof value !== 'object' || value === null) continue;
    if (depth === MAX_DEPTH) {
      problems.push({ path, message: `is nested deeper than ${MAX_DEPTH} levels` });
      continue;
    }
    // Long lists of coordinates are mostly plain numbers: these cost neither an entry nor a path.
    for (const [name, element] of Array.isArray(value) ? value.entries() : Object.entries(value)) {
      if (typeof element === 'object' || !isKeepable(element))
        open.push({ value: element, path: `${path}/${pointerPart(String(name))}`, depth: depth + 1 });
    }
  }
  return problems;
}

function isKeepable(value: unknown): boolean {
  return typeof value !== 'number' || Number.isFinite(value);
}

/** A part of a JSON pointer (RFC 6901), short enough for a message. */
function pointerPart(name: string): string {
  return name.slice(0, 128).replaceAll('~', '~0').replaceAll('/', '~1');
}

import type { Problem } from '../errors.ts';
import type { HttpApp } from './context.ts';
import { badRequest } from './refused.ts';

/** Deeper than any document of this API goes; what is checked and written later is written by recursion. */
const MAX_DEPTH = 64;
const MAX_PROBLEMS = 100;

/**
 * Refuses bodies with what could not be kept as it was sent: numbers beyond a double, such as 1e999 or YAML's .inf, which
 * JSON would write as null, and documents nested without end.
 */
export function refuseUnkeepableBodies(app: HttpApp): void {
  app.addHook('preValidation', async (request) => {
    const problems: Problem[] = [];
    walk(request.body, [], problems);
    if (problems.length > 0) throw badRequest(problems);
  });
}

/** @param trail names and indexes that lead to the value; a path is made of them only where there is a problem */
function walk(value: unknown, trail: (string | number)[], problems: Problem[]): void {
  if (problems.length >= MAX_PROBLEMS) return;
  if (typeof value === 'number' && !Number.isFinite(value))
    problems.push({ path: pathOf(trail), message: 'must be a finite number' });
  if (typeof value !== 'object' || value === null) return;
  if (trail.length === MAX_DEPTH) {
    problems.push({ path: pathOf(trail), message: `is nested deeper than ${MAX_DEPTH} levels` });
    return;
  }
  if (Array.isArray(value)) {
    // By index, and in place for numbers: an import has a million coordinates, and this is the socket thread.
    for (let index = 0; index < value.length; index += 1) {
      if (!Number.isFinite(value[index])) walkInto(value[index], index, trail, problems);
    }
  } else {
    for (const [name, element] of Object.entries(value)) walkInto(element, name, trail, problems);
  }
}

function walkInto(
  element: unknown,
  name: string | number,
  trail: (string | number)[],
  problems: Problem[],
): void {
  trail.push(name);
  walk(element, trail, problems);
  trail.pop();
}

function pathOf(trail: readonly (string | number)[]): string {
  return ['body', ...trail.map(pointerPart)].join('/');
}

/** A part of a JSON pointer (RFC 6901), short enough for a message. */
function pointerPart(name: string | number): string {
  return String(name).slice(0, 128).replaceAll('~', '~0').replaceAll('/', '~1');
}

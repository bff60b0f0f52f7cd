import { Liquid, type Template, type Token, TypeGuards } from 'liquidjs';
import type { Situation } from '../condition/situation.ts';
import { suggestion } from './nearest-name.ts';

/**
 * No loops, no partials, no files; and no filter that reads the clock or throws dice (`date: "now"`, `sample`). So the work
 * is bounded by the length of the template, and the same situation always gives the same words.
 */
const TAGS = ['assign', 'capture', 'case', 'comment', 'echo', 'if', 'raw', 'unless', '#'];
const FILTERS = [
  'abs',
  'append',
  'at_least',
  'at_most',
  'capitalize',
  'ceil',
  'default',
  'divided_by',
  'downcase',
  'first',
  'floor',
  'join',
  'last',
  'lstrip',
  'minus',
  'modulo',
  'plus',
  'prepend',
  'remove',
  'remove_first',
  'replace',
  'replace_first',
  'round',
  'rstrip',
  'size',
  'slice',
  'split',
  'strip',
  'strip_newlines',
  'times',
  'truncate',
  'truncatewords',
  'upcase',
  'url_encode',
];

/** Characters of one template. */
export const LONGEST_TEMPLATE = 2000;

const engine = restrictedEngine();

function restrictedEngine(): Liquid {
  const liquid = new Liquid({
    strictFilters: true,
    ownPropertyOnly: true,
    templates: {},
    parseLimit: LONGEST_TEMPLATE,
    memoryLimit: 100_000,
  });
  for (const name of Object.keys(liquid.tags)) if (!TAGS.includes(name)) delete liquid.tags[name];
  for (const name of Object.keys(liquid.filters)) if (!FILTERS.includes(name)) liquid.unregisterFilter(name);
  return liquid;
}

/** @throws what Liquid throws on what is no template, or one that is not allowed; see {@link describeLiquidError} */
export function parseTemplate(text: string): Template[] {
  return engine.parse(text);
}

/** Names that stand for what is known, also where a template assigns to them: it may have done so or not. */
const ROOTS: Readonly<Record<keyof Situation, true>> = {
  device: true,
  metrics: true,
  position: true,
  place: true,
  visit: true,
  consumer: true,
  segments: true,
  now: true,
};

/** Dotted names that a template reads; of one that is worked out at run time, the part before it. */
export function namesReadIn(template: Template[]): readonly string[] {
  const globals = engine.globalVariableSegmentsSync(template);
  const shadowed = engine
    .variableSegmentsSync(template)
    .filter(([root]) => Object.hasOwn(ROOTS, String(root)));
  const names = [...globals, ...shadowed].map((segments) => {
    const computed = segments.findIndex((segment) => typeof segment !== 'string');
    return (computed === -1 ? segments : segments.slice(0, computed)).join('.');
  });
  return [...new Set(names)];
}

/**
 * Whether a template reads something whose very first name is worked out at run time, such as `{{ [x].fuel }}`: that could be
 * anything, and the library's own analysis takes it for `x.fuel`.
 */
export function hasComputedRoot(template: Template[]): boolean {
  const seen = new Set<unknown>();
  const isComputed = (value: unknown): boolean => {
    if (typeof value !== 'object' || value === null || seen.has(value)) return false;
    seen.add(value);
    if (value === engine) return false;
    const token = value as Token;
    if (TypeGuards.isPropertyAccessToken(token)) {
      const [root] = token.props;
      if (token.variable === undefined && TypeGuards.isPropertyAccessToken(root)) return true;
    }
    return Object.values(value).some(isComputed);
  };
  return isComputed(template);
}

/** An error of Liquid as a sentence, with the nearest name. */
export function describeLiquidError(error: unknown): string {
  const message = error instanceof Error ? (error.message.split('\n', 1)[0] ?? '') : String(error);
  const filter = /undefined filter: (\w+)/.exec(message)?.[1];
  if (filter)
    return `the filter "${filter}" is not known; known are ${FILTERS.join(', ')}.${suggestion(filter, FILTERS)}`;
  const tag = /tag "([^"]+)" not found/.exec(message)?.[1];
  if (tag) return `the tag "${tag}" is not known; known are ${TAGS.join(', ')}.${suggestion(tag, TAGS)}`;
  return message;
}

/** The text that a template gives: one line, at most so long. Never throws. */
export function renderPlain(
  template: Template[],
  scope: object,
  longest: number,
): { readonly ok: true; readonly value: string } | { readonly ok: false; readonly detail: string } {
  try {
    const text: unknown = engine.renderSync(template, scope);
    // Plain text: control characters and runs of blanks have no place in a notification.
    const plain = String(text)
      .replace(/[\p{Cc}\s]+/gu, ' ')
      .trim();
    return { ok: true, value: [...plain].slice(0, longest).join('') };
  } catch (error) {
    return { ok: false, detail: describeLiquidError(error) };
  }
}

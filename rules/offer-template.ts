import { Liquid, type Template } from 'liquidjs';
import { type KnownNames, knownNames, unknownName } from './condition/names.ts';
import { describeFound, join, type Report, readDuration, readFields, readId, readText } from './document.ts';
import { DAY_MS, HOUR_MS, SECOND_MS } from './duration.ts';
import { suggestion } from './nearest-name.ts';
import type { Situation } from './situation.ts';
import type { RenderedOffer } from './step.ts';
import type { RuleContext, Trigger } from './trigger.ts';

/** Liquid templates of an offer. */
export interface OfferTemplate {
  readonly title: string;
  readonly body: string;
  readonly url: string | null;
  readonly image: string | null;
  /** How long after the decision the offer may be shown. */
  readonly expiresMs: number;
  /** Id of the pool that each receiver is given a code from; then texts may read `{{ code }}`. */
  readonly code: string | null;
}

const FIELDS = ['title', 'body', 'url', 'image', 'expires', 'code'];
const TEXT_FIELDS = ['title', 'body', 'url', 'image'] as const;
type TextField = (typeof TEXT_FIELDS)[number];
const LONGEST_TEMPLATE = 2000;
/** A push message carries some 3,900 bytes (RFC 8030 §7.2 asks services for 4,096): these leave room for the rest. */
const LONGEST_RENDERED: Readonly<Record<TextField, number>> = {
  title: 120,
  body: 500,
  url: 1000,
  image: 1000,
};
const DEFAULT_EXPIRES_MS = 4 * HOUR_MS;

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

/**
 * Reads an offer and parses its templates; unknown names and filters are told with the nearest.
 *
 * @param path where it stands in the document
 */
export function readOffer(
  value: unknown,
  path: string,
  trigger: Trigger,
  context: RuleContext,
  report: Report,
): OfferTemplate | null {
  const fields = readFields(value, path, FIELDS, report);
  if (fields === null) return null;
  const code = fields.code === undefined ? null : readPool(fields.code, join(path, 'code'), context, report);
  const names = templateNames(trigger, context, fields.code !== undefined);
  const texts: Record<TextField, string | null> = { title: null, body: null, url: null, image: null };
  for (const field of TEXT_FIELDS) {
    const optional = field === 'url' || field === 'image';
    if (optional && fields[field] === undefined) continue;
    const fieldPath = join(path, field);
    const text = readText(fields[field], fieldPath, report, { max: LONGEST_TEMPLATE });
    if (text === null) continue;
    if (optional && !ADDRESS_START.test(text)) {
      report(fieldPath, `must begin with https:// and a host, found ${describeFound(text)}`);
    }
    checkTemplate(text, fieldPath, names, report);
    texts[field] = text;
  }
  const expiresMs =
    fields.expires === undefined
      ? DEFAULT_EXPIRES_MS
      : readDuration(fields.expires, join(path, 'expires'), report, { minMs: SECOND_MS, maxMs: 28 * DAY_MS });
  const { title, body, url, image } = texts;
  return title === null || body === null || expiresMs === null
    ? null
    : { title, body, url, image, expiresMs, code };
}

function readPool(value: unknown, path: string, context: RuleContext, report: Report): string | null {
  const id = readId(value, path, report);
  if (id !== null && context.codePools && !context.codePools.includes(id))
    report(path, `there is no code pool "${id}".${suggestion(id, context.codePools)}`);
  return id;
}

function templateNames(trigger: Trigger, context: RuleContext, hasCode: boolean): KnownNames {
  const known = knownNames(trigger, context);
  return hasCode ? { ...known, code: null } : known;
}

/** The host is fixed by the author, never by a value; http only on this machine, for trials. */
const ADDRESS_START = /^(https:\/\/[A-Za-z0-9.-]+(:\d+)?|http:\/\/(localhost|127\.0\.0\.1)(:\d+)?)([/?#]|$)/;
const ADDRESS = /^https?:\/\/[^\s\p{Cc}"<>\\^`{|}]+$/u;

function checkTemplate(text: string, path: string, known: KnownNames, report: Report): void {
  let template: Template[];
  try {
    template = engine.parse(text);
  } catch (error) {
    report(path, `is not a Liquid template that is allowed here: ${describeLiquidError(error)}`);
    return;
  }
  for (const name of namesIn(template)) {
    const message =
      name === 'code' && known.code === undefined
        ? '"code" is known only where the offer has a code pool (code)'
        : unknownName(name, known);
    if (message !== null) report(path, message);
  }
}

/** Dotted names that a template reads; of one that is worked out at run time, the part before it. */
function namesIn(template: Template[]): readonly string[] {
  return engine
    .globalVariableSegmentsSync(template)
    .map((segments) => segments.filter((segment) => typeof segment === 'string').join('.'));
}

/** Dotted names that the texts of an offer read. @throws what Liquid throws on templates that {@link readOffer} refuses */
export function namesReadBy(offer: OfferTemplate): readonly string[] {
  return TEXT_FIELDS.flatMap((field) => {
    const text = offer[field];
    return text === null ? [] : namesIn(engine.parse(text));
  });
}

function describeLiquidError(error: unknown): string {
  const message = error instanceof Error ? (error.message.split('\n', 1)[0] ?? '') : String(error);
  const filter = /undefined filter: (\w+)/.exec(message)?.[1];
  if (filter)
    return `the filter "${filter}" is not known; known are ${FILTERS.join(', ')}.${suggestion(filter, FILTERS)}`;
  const tag = /tag "([^"]+)" not found/.exec(message)?.[1];
  if (tag) return `the tag "${tag}" is not known; known are ${TAGS.join(', ')}.${suggestion(tag, TAGS)}`;
  return message;
}

export type Rendering =
  | { readonly ok: true; readonly offer: RenderedOffer }
  | { readonly ok: false; readonly detail: string };

export interface CompiledOffer {
  /** Pool that its codes come from, or null. */
  readonly codePool: string | null;
  /** Dotted names that its texts read. */
  readonly reads: readonly string[];
  /**
   * Never throws: what cannot be rendered is told.
   *
   * @param code what `{{ code }}` stands for; null where the offer has none
   */
  render(situation: Situation, at: number, code: string | null): Rendering;
}

/** @throws what Liquid throws on templates that {@link readOffer} refuses */
export function compileOffer(offer: OfferTemplate): CompiledOffer {
  const parse = (text: string | null) => (text === null ? null : engine.parse(text));
  const templates: Record<TextField, Template[] | null> = {
    title: parse(offer.title),
    body: parse(offer.body),
    url: parse(offer.url),
    image: parse(offer.image),
  };
  return {
    codePool: offer.code,
    reads: namesReadBy(offer),
    render(situation, at, code) {
      const scope = {
        ...situation,
        ...(code === null ? {} : { code }),
        now: situation.now.toISOString(),
        ...(situation.visit
          ? { visit: { ...situation.visit, enteredAt: situation.visit.enteredAt.toISOString() } }
          : {}),
      };
      const texts: Partial<Record<TextField, string>> = {};
      for (const field of TEXT_FIELDS) {
        const template = templates[field];
        if (template === null) continue;
        const text = renderPlain(template, scope, LONGEST_RENDERED[field]);
        if (!text.ok)
          return { ok: false, detail: `the ${field} of the offer could not be written: ${text.detail}` };
        const isAddress = field === 'url' || field === 'image';
        if (isAddress && !ADDRESS.test(text.value))
          return { ok: false, detail: `the ${field} of the offer is no valid address` };
        texts[field] = text.value;
      }
      const { title = '', body = '', url, image } = texts;
      if (title === '') return { ok: false, detail: 'the title of the offer came out empty' };
      return {
        ok: true,
        offer: {
          title,
          body,
          ...(url ? { url } : {}),
          ...(image ? { image } : {}),
          expiresAt: at + offer.expiresMs,
          ...(code === null || offer.code === null ? {} : { code, codePool: offer.code }),
        },
      };
    },
  };
}

function renderPlain(
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

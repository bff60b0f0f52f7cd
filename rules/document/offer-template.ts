import type { Template } from 'liquidjs';
import { type KnownNames, knownNames, unknownName } from '../condition/names.ts';
import type { Situation } from '../condition/situation.ts';
import type { RenderedOffer } from '../step.ts';
import { DAY_MS, HOUR_MS, SECOND_MS } from '../time/duration.ts';
import { describeFound, join, type Report, readDuration, readFields, readId, readText } from './document.ts';
import {
  describeLiquidError,
  hasComputedRoot,
  LONGEST_TEMPLATE,
  namesReadIn,
  parseTemplate,
  renderPlain,
} from './liquid.ts';
import { suggestion } from './nearest-name.ts';
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
/** A push message carries some 3,900 bytes (RFC 8030 §7.2 asks services for 4,096): these leave room for the rest. */
const LONGEST_RENDERED: Readonly<Record<TextField, number>> = {
  title: 120,
  body: 500,
  url: 1000,
  image: 1000,
};
const DEFAULT_EXPIRES_MS = 4 * HOUR_MS;

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
    if (!context.isSaved) checkTemplate(text, fieldPath, names, report);
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
    template = parseTemplate(text);
  } catch (error) {
    report(path, `is not a Liquid template that is allowed here: ${describeLiquidError(error)}`);
    return;
  }
  if (hasComputedRoot(template)) {
    report(path, 'begins a name with [: write the name itself, such as metrics.fuel or metrics["fuel"]');
    return;
  }
  for (const name of namesReadIn(template)) {
    const message =
      name === 'code' && known.code === undefined
        ? '"code" is known only where the offer has a code pool (code)'
        : unknownName(name, known);
    if (message !== null) report(path, message);
  }
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
  const parse = (text: string | null) => (text === null ? null : parseTemplate(text));
  const templates: Record<TextField, Template[] | null> = {
    title: parse(offer.title),
    body: parse(offer.body),
    url: parse(offer.url),
    image: parse(offer.image),
  };
  return {
    codePool: offer.code,
    reads: Object.values(templates).flatMap((template) => (template === null ? [] : namesReadIn(template))),
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

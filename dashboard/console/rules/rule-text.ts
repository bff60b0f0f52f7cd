import { type Document, isCollection, isMap, isNode, LineCounter, parseDocument } from 'yaml';
import type { Path } from './document-fields.ts';

/** A rule while it is edited. Its YAML is the one truth: the form reads from it and writes into it. */
export type RuleText =
  | { readonly ok: true; readonly text: string; readonly document: unknown }
  | { readonly ok: false; readonly text: string; readonly problems: readonly TextProblem[] };

export interface TextProblem {
  /** From 1; null where it concerns the whole. */
  readonly line: number | null;
  readonly message: string;
}

const OPTIONS = { prettyErrors: true, stringKeys: true } as const;
/** The gateway takes no more aliases either. */
const MAX_ALIASES = 100;
const LAYOUT = { lineWidth: 110, flowCollectionPadding: true } as const;

/** Reads YAML, or says why it cannot be read. */
export function readRuleText(text: string): RuleText {
  const parsed = parseDocument(text, OPTIONS);
  if (parsed.errors.length > 0) {
    return {
      ok: false,
      text,
      problems: parsed.errors.map(({ message, linePos }) => ({
        line: linePos?.[0].line ?? null,
        message: message.split('\n', 1)[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? message,
      })),
    };
  }
  try {
    const document: unknown = parsed.toJS({ maxAliasCount: MAX_ALIASES });
    if (typeof document === 'object' && document !== null && !Array.isArray(document))
      return { ok: true, text, document };
    return {
      ok: false,
      text,
      problems: [{ line: null, message: 'A rule is a list of fields, such as "name: …".' }],
    };
  } catch (error) {
    return {
      ok: false,
      text,
      problems: [{ line: null, message: error instanceof Error ? error.message : String(error) }],
    };
  }
}

/** YAML of a document, laid out as the samples are. */
export function textOfRule(document: object): string {
  const made = parseDocument('{}', OPTIONS) as Document;
  made.contents = made.createNode(document) as typeof made.contents;
  layOut(made);
  return made.toString(LAYOUT);
}

/**
 * The text with one value set, or taken out (undefined) together with what is left empty around it. All else, comments
 * included, stays as it is written.
 */
export function withValue(text: string, path: Path, value: unknown): string {
  const document = parseDocument(text, OPTIONS);
  if (value === undefined) removeAt(document, path);
  else setAt(document, path, value);
  return document.toString(LAYOUT);
}

/** The order in which people look for the parts of a rule. */
const ORDER = 'id name trigger when audience schedule limits weight campaign experiment offer'.split(' ');

function setAt(document: Document, path: Path, value: unknown): void {
  const isNew = !document.has(path[0]);
  writeAt(document, path, value);
  if (isNew && isMap(document.contents)) moveToItsPlace(document.contents.items);
}

/** The last field is new: it goes before the first that comes later in the order. */
function moveToItsPlace(items: unknown[]): void {
  const rank = (item: unknown) => ORDER.indexOf(String((item as { readonly key?: unknown }).key));
  const added = items.pop();
  const wanted = rank(added);
  const before = wanted < 0 ? -1 : items.findIndex((item) => rank(item) > wanted);
  items.splice(before < 0 ? items.length : before, 0, added);
}

function writeAt(document: Document, path: Path, value: unknown): void {
  // `setIn` makes no list where a number is the next key, and nothing below a scalar.
  for (let depth = 1; depth < path.length; depth++) {
    const above = path.slice(0, depth);
    if (!isCollection(document.getIn(above, true))) {
      const isList = typeof path[depth] === 'number';
      const made = document.createNode(isList ? [] : {});
      made.flow = depth === 1 && !isList && FLOW_FIELDS.has(String(path[0]));
      document.setIn(above, made);
    }
  }
  const before = document.getIn(path, true);
  const node = document.createNode(value);
  if (isCollection(node)) node.flow = isFlow(path);
  if (isNode(before)) {
    node.comment = before.comment ?? null;
    node.commentBefore = before.commentBefore ?? null;
  }
  document.setIn(path, node);
}

function removeAt(document: Document, path: Path): void {
  if (!document.hasIn(path)) return;
  document.deleteIn(path);
  for (let depth = path.length - 1; depth > 0; depth--) {
    const above = path.slice(0, depth);
    const holder = document.getIn(above, true);
    if (!isCollection(holder) || holder.items.length > 0) return;
    document.deleteIn(above);
  }
}

/** Short parts stand on a line of their own, in braces. */
const FLOW_FIELDS = new Set(['trigger', 'audience', 'schedule', 'limits']);
const isFlow = ([first]: Path): boolean => FLOW_FIELDS.has(String(first));

function layOut(document: Document): void {
  for (const field of FLOW_FIELDS) {
    const node = document.get(field, true);
    if (isCollection(node)) node.flow = true;
  }
}

/** The line (from 1) on which the value at a path stands, or what holds it; null where nothing of it is there. */
export function lineOf(text: string, path: Path): number | null {
  const lines = new LineCounter();
  const document = parseDocument(text, { ...OPTIONS, lineCounter: lines });
  for (let depth = path.length; depth > 0; depth--) {
    const node = document.getIn(path.slice(0, depth), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return null;
}

/** Whether the text has comments, which are lost once the rule is saved. */
export const hasComments = (text: string): boolean => /(^|\s)#/m.test(text);

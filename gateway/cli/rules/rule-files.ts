import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, parseAllDocuments } from 'yaml';

/** One thing that is wrong with a file, or with a rule in it. */
export interface FileProblem {
  /** As people find it from where they stand. */
  readonly file: string;
  /** From 1; absent where it is about the file as a whole. */
  readonly line?: number;
  readonly column?: number;
  /** Within the rule, dotted; empty for the rule itself. */
  readonly path: string;
  readonly message: string;
}

export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** A rule document as it stands in a file. */
export interface FiledRule {
  /** Null where the document has none that could be one. */
  readonly id: string | null;
  readonly document: unknown;
  /** Where a dotted path of the document stands: at its key, or at the nearest thing around it. */
  locate(path: string): Place;
}

export interface RuleFolder {
  readonly files: readonly string[];
  readonly rules: readonly FiledRule[];
  /** What could not be read. */
  readonly problems: readonly FileProblem[];
}

const RULE_FILE = /\.(ya?ml|json)$/i;
/** Far above any file of rules; the cost of YAML grows with the square of the keys of one object. */
const LARGEST_FILE_BYTES = 256 * 1024;
const MOST_FILES = 2_000;
/** One bracket too many brings an error for each line behind it. */
const MOST_YAML_ERRORS = 5;
/** Aliases that a document may expand to. */
const MAX_ALIASES = 100;

/**
 * Reads the rules of a folder with all folders in it (but not hidden ones, `node_modules`, and links to folders), or of one file.
 * A file may hold several documents; one without any is passed over.
 *
 * @param shownFrom where the names of files are told from
 * @throws Node's own error where the folder can't be read
 */
export async function readRuleFolder(folder: string, shownFrom: string): Promise<RuleFolder> {
  const files = (await stat(folder)).isDirectory() ? await ruleFilesIn(folder) : [folder];
  const rules: FiledRule[] = [];
  const problems: FileProblem[] = [];
  const shown = files.map((path) => shownAs(path, shownFrom));
  for (const [index, path] of files.entries()) {
    const file = shown[index] ?? path;
    if (index >= MOST_FILES) {
      problems.push({ file, path: '', message: `is one of more than ${MOST_FILES} files; split the folder` });
      break;
    }
    const { size } = await stat(path);
    if (size > LARGEST_FILE_BYTES) {
      problems.push({ file, path: '', message: `has ${size} bytes; at most ${LARGEST_FILE_BYTES} are read` });
      continue;
    }
    const read = readRules(file, await readFile(path, 'utf8'));
    rules.push(...read.rules);
    problems.push(...read.problems);
  }
  return { files: shown, rules, problems: [...problems, ...doubles(rules)] };
}

/** What lies elsewhere is told by its whole path. */
function shownAs(path: string, from: string): string {
  const short = relative(from, path);
  return short === '' || short.startsWith('..') ? path : short;
}

async function ruleFilesIn(folder: string): Promise<readonly string[]> {
  const found: string[] = [];
  const entries = (await readdir(folder, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
    if (entry.isDirectory()) found.push(...(await ruleFilesIn(path)));
    else if (RULE_FILE.test(entry.name) && (await stat(path)).isFile()) found.push(path);
  }
  return found;
}

/** Reads the documents of one file; JSON is read as the YAML that it is. */
export function readRules(
  file: string,
  text: string,
): { readonly rules: readonly FiledRule[]; readonly problems: readonly FileProblem[] } {
  const lines = new LineCounter();
  const rules: FiledRule[] = [];
  const problems: FileProblem[] = [];
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const documents = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, stringKeys: true });
  for (const document of documents as readonly Document.Parsed[]) {
    if (document.errors.length > 0) {
      for (const { message, pos } of document.errors.slice(0, MOST_YAML_ERRORS))
        problems.push({ ...placeAt(pos[0]), path: '', message: `the YAML cannot be read: ${message}` });
      continue;
    }
    if (document.contents === null || (isScalar(document.contents) && document.contents.value === null))
      continue;
    const value = plainValue(document);
    if (!value.ok) {
      problems.push({ ...placeAt(document.range[0]), path: '', message: value.message });
      continue;
    }
    rules.push({
      id: idOf(value.value),
      document: value.value,
      locate: (path) => placeAt(offsetOf(document, path)),
    });
  }
  return { rules, problems };
}

function plainValue(
  document: Document.Parsed,
): { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly message: string } {
  try {
    return { ok: true, value: document.toJS({ maxAliasCount: MAX_ALIASES }) };
  } catch (error) {
    return {
      ok: false,
      message: `the YAML cannot be read: ${error instanceof Error ? error.message : error}`,
    };
  }
}

function idOf(value: unknown): string | null {
  if (typeof value !== 'object' || value === null || !('id' in value)) return null;
  return typeof value.id === 'string' ? value.id : null;
}

/** Offset of the key that a dotted path leads to, or of the innermost thing on the way there. */
function offsetOf(document: Document.Parsed, path: string): number {
  let node: unknown = document.contents;
  let offset = document.contents?.range?.[0] ?? document.range[0];
  let rest = path === '' ? [] : path.split('.');
  while (rest.length > 0) {
    if (isAlias(node)) node = node.resolve(document);
    const next = isMap(node) ? pairOf(node.items, rest) : isSeq(node) ? itemOf(node.items, rest) : null;
    if (next === null) return offset;
    offset = next.offset ?? offset;
    node = next.node;
    rest = rest.slice(next.parts);
  }
  return offset;
}

interface Found {
  readonly node: unknown;
  readonly offset: number | undefined;
  /** How many parts of the path it took: a key may hold dots itself. */
  readonly parts: number;
}

function pairOf(
  pairs: readonly { readonly key: unknown; readonly value: unknown }[],
  path: readonly string[],
): Found | null {
  for (let parts = 1; parts <= path.length; parts += 1) {
    const name = path.slice(0, parts).join('.');
    const pair = pairs.find(({ key }) => isScalar(key) && String(key.value) === name);
    if (pair !== undefined)
      return { node: pair.value, offset: isScalar(pair.key) ? pair.key.range?.[0] : undefined, parts };
  }
  return null;
}

function itemOf(items: readonly unknown[], [index]: readonly string[]): Found | null {
  const node = items[Number(index)];
  if (typeof node !== 'object' || node === null) return null;
  return { node, offset: 'range' in node && Array.isArray(node.range) ? node.range[0] : undefined, parts: 1 };
}

/** An id that two rules have: told at the second, naming the first. */
function doubles(rules: readonly FiledRule[]): readonly FileProblem[] {
  const first = new Map<string, Place>();
  return rules.flatMap(({ id, locate }): FileProblem[] => {
    if (id === null) return [];
    const place = locate('id');
    const earlier = first.get(id);
    if (earlier === undefined) {
      first.set(id, place);
      return [];
    }
    return [
      {
        ...place,
        path: 'id',
        message: `"${id}" is the id of the rule at ${earlier.file}:${earlier.line} too`,
      },
    ];
  });
}

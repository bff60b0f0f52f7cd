import type { ASTNode } from '@marcbachmann/cel-js';

/** Macros that bind a name: what stands inside them means nothing without it. */
const BINDING_MACROS: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'map', 'filter']);

/** Dotted names that an expression reads, such as `metrics.fuel`; without those that a macro binds. */
export function namesIn(ast: ASTNode): readonly string[] {
  const reads = new Set<string>();
  collectNames(ast, new Set(), reads);
  return [...reads];
}

function collectNames(node: ASTNode, bound: ReadonlySet<string>, reads: Set<string>): void {
  const path = dottedPath(node);
  if (path !== null) {
    if (!bound.has(path.root)) reads.add(path.text);
    return;
  }
  if (node.op !== 'rcall') {
    for (const child of childrenOf(node)) collectNames(child, bound, reads);
    return;
  }
  const [name, receiver, args] = node.args;
  collectNames(receiver, bound, reads);
  const [variable] = args;
  const binds = BINDING_MACROS.has(name) && variable?.op === 'id';
  const inner = binds ? new Set([...bound, variable.args]) : bound;
  for (const child of args) collectNames(child, inner, reads);
}

/** Whether a node is a call that binds a name in its arguments, such as `tags.exists(t, …)`. */
export function bindsName(node: ASTNode): boolean {
  return node.op === 'rcall' && BINDING_MACROS.has(node.args[0]);
}

/** `metrics.fuel` and `metrics["fuel"]` are both `metrics.fuel`. Null for what is no plain name. */
export function dottedPath(node: ASTNode): { readonly root: string; readonly text: string } | null {
  if (node.op === 'id') return { root: node.args, text: node.args };
  if (node.op === '.') {
    const [object, field] = node.args;
    const path = dottedPath(object);
    return path === null ? null : { root: path.root, text: `${path.text}.${field}` };
  }
  if (node.op === '[]') {
    const [object, key] = node.args;
    const path = dottedPath(object);
    if (path === null || key.op !== 'value' || typeof key.args !== 'string') return null;
    return { root: path.root, text: `${path.text}.${key.args}` };
  }
  return null;
}

/** The nodes right below one, in the order in which they are written. */
export function childrenOf(node: ASTNode): readonly ASTNode[] {
  return nodesIn(node.args);
}

function nodesIn(value: unknown): ASTNode[] {
  if (Array.isArray(value)) return value.flatMap(nodesIn);
  return typeof value === 'object' && value !== null && 'op' in value ? [value as ASTNode] : [];
}

/** Calls `see` with a node and all below it. */
export function walk(node: ASTNode, see: (node: ASTNode) => void): void {
  see(node);
  for (const child of childrenOf(node)) walk(child, see);
}

/** The text of a node on one line, for people. */
export function textOf(node: ASTNode): string {
  return sourceOf(node).replace(/\s+/g, ' ');
}

/**
 * The text of a node as its author wrote it, with the parentheses that belong to it: the parser's range of `(a) && (b)` begins at
 * `a` and ends at `b`.
 */
export function sourceOf(node: ASTNode): string {
  const { input } = node;
  let start = node.start;
  let end = node.end;
  const texts: [number, number][] = [];
  walk(node, (one) => {
    start = Math.min(start, one.start);
    end = Math.max(end, one.end);
    if (one.op === 'value' && typeof one.args === 'string') texts.push([one.start, one.end]);
  });
  let open = 0;
  let unopened = 0;
  for (let index = start; index < end; index++) {
    const text = texts.find(([from]) => from === index);
    if (text !== undefined) {
      index = Math.max(index, text[1] - 1);
      continue;
    }
    if (input[index] === '(') open += 1;
    if (input[index] !== ')') continue;
    if (open > 0) open -= 1;
    else unopened += 1;
  }
  for (; unopened > 0 && start > 0; start--) if (input[start - 1] === '(') unopened -= 1;
  for (; open > 0 && end < input.length; end++) if (input[end] === ')') open -= 1;
  return input.slice(start, end);
}

import type { ASTNode, Environment, ParseResult } from '@marcbachmann/cel-js';
import { describeDuration } from '../time/duration.ts';
import { bindsName, childrenOf, dottedPath, sourceOf, textOf, walk } from './ast.ts';
import { parseIn } from './environment.ts';
import { CALCULATIONS, celError, describeOverload } from './problems.ts';

export type ExplainedValue = string | number | boolean | null | readonly ExplainedValue[];

/** A sub-expression, what it came to in one situation, and the sub-expressions that it is made of. */
export type Explained = {
  readonly text: string;
  readonly children: readonly Explained[];
} & (
  | { readonly value: ExplainedValue }
  /** Why there is no value, as a sentence: a name that is not known, or what went wrong. */
  | { readonly missing: string }
);

/** What an expression gave. */
export type Outcome =
  | { readonly kind: 'value'; readonly value: unknown }
  /** `name`: what is not known, as it is written; null where the library does not say. */
  | { readonly kind: 'missing'; readonly name: string | null }
  | { readonly kind: 'error'; readonly message: string };

/** Takes one expression apart, to tell why it gave what it gave. */
export interface Explainer {
  /** Whether a program gave a value, lacked one, or failed. Never throws. */
  outcome(program: ParseResult, scope: object): Outcome;
  /** The whole tree. Never throws. */
  explain(scope: object): Explained;
  /** Of an expression that was not true: the first sub-expression that made it so, with the values found. Never throws. */
  blame(scope: object): string;
}

/** Alternatives of an `||` that are told one by one. */
const MOST_TOLD = 3;
const LONGEST_TEXT = 200;
const LONGEST_VALUE = 60;
const MOST_LISTED = 5;

/** @param environment the one that the expression was parsed in: its parts are compiled there, when first asked for */
export function explainer(ast: ASTNode, environment: Environment): Explainer {
  const programs = new Map<ASTNode, ParseResult>();
  const programOf = (node: ASTNode): ParseResult => {
    const known = programs.get(node);
    if (known) return known;
    const program = parseIn(environment, sourceOf(node));
    programs.set(node, program);
    return program;
  };
  const outcomeOf = (node: ASTNode, scope: object): Outcome => {
    try {
      return outcome(programOf(node), scope);
    } catch (error) {
      return { kind: 'error', message: celError(error).message };
    }
  };
  return {
    outcome,
    explain: (scope) => explain(ast, (node) => outcomeOf(node, scope)),
    blame: (scope) => blame(ast, (node) => outcomeOf(node, scope)),
  };
}

function outcome(program: ParseResult, scope: object): Outcome {
  try {
    return { kind: 'value', value: program(scope) as unknown };
  } catch (error) {
    const { code, message, node } = celError(error);
    if (code === 'no_such_key' || code === 'unknown_variable')
      return { kind: 'missing', name: node === null ? null : textOf(node) };
    // An attribute that is null is known to be unknown.
    if (code === 'no_such_overload' && message.includes('dyn<null>')) return { kind: 'missing', name: null };
    return { kind: 'error', message: describeOverload(message) ?? message };
  }
}

type OutcomeOf = (node: ASTNode) => Outcome;

function explain(node: ASTNode, outcomeOf: OutcomeOf): Explained {
  const text = shortened(textOf(node));
  const children = partsOf(node, outcomeOf).map((part) => explain(part, outcomeOf));
  const found = outcomeOf(node);
  switch (found.kind) {
    case 'value':
      return { text, value: plainValue(found.value), children };
    case 'missing':
      return {
        text,
        missing: found.name === null ? 'a value is not known' : `${found.name} is not known`,
        children,
      };
    case 'error':
      return { text, missing: found.message, children };
  }
}

/** The sub-expressions that are worth telling: chains of `&&` and `||` as one list, without literals. */
function partsOf(node: ASTNode, outcomeOf: OutcomeOf): readonly ASTNode[] {
  if (dottedPath(node) !== null) return [];
  switch (node.op) {
    case '&&':
    case '||':
      return operandsOf(node, node.op);
    case '?:': {
      const [condition, then, otherwise] = node.args;
      const taken = takenBranch(outcomeOf(condition), then, otherwise);
      return [condition, ...(taken === null ? [then, otherwise] : [taken])].filter(readsNames);
    }
    case 'call':
      return node.args[0] === 'has' ? [] : node.args[1].filter(readsNames);
    case 'rcall':
      return (bindsName(node) ? [node.args[1]] : childrenOf(node)).filter(readsNames);
    default:
      return childrenOf(node).filter(readsNames);
  }
}

/** The side of a `? :` that counts; null where its condition does not tell. */
function takenBranch(condition: Outcome, then: ASTNode, otherwise: ASTNode): ASTNode | null {
  if (condition.kind !== 'value') return null;
  return condition.value === true ? then : otherwise;
}

/** `a && b && c` is one list of three, however it was parsed. */
function operandsOf(node: ASTNode, sign: '&&' | '||'): readonly ASTNode[] {
  return node.op === sign ? node.args.flatMap((operand) => operandsOf(operand, sign)) : [node];
}

function readsNames(node: ASTNode): boolean {
  let reads = false;
  walk(node, (one) => {
    if (one.op === 'id') reads = true;
  });
  return reads;
}

function blame(node: ASTNode, outcomeOf: OutcomeOf): string {
  switch (node.op) {
    case '&&': {
      const operands = operandsOf(node, '&&');
      const isFalse = (one: ASTNode) => isValue(outcomeOf(one), false);
      const first = operands.find(isFalse) ?? operands.find((one) => !isValue(outcomeOf(one), true));
      return first === undefined ? blameLeaf(node, outcomeOf) : blame(first, outcomeOf);
    }
    case '||': {
      const operands = operandsOf(node, '||');
      const unknown = operands.find((one) => !isValue(outcomeOf(one), false));
      if (unknown !== undefined) return blame(unknown, outcomeOf);
      const told = operands.slice(0, MOST_TOLD).map((one) => blame(one, outcomeOf));
      const rest = operands.length - told.length;
      return [...told, ...(rest > 0 ? [`${rest} more are false`] : [])].join(' and ');
    }
    case '?:': {
      const [condition, then, otherwise] = node.args;
      return blame(takenBranch(outcomeOf(condition), then, otherwise) ?? condition, outcomeOf);
    }
    default:
      return blameLeaf(node, outcomeOf);
  }
}

const isValue = (found: Outcome, value: boolean): boolean => found.kind === 'value' && found.value === value;

function blameLeaf(node: ASTNode, outcomeOf: OutcomeOf): string {
  const text = shortened(textOf(node));
  const found = outcomeOf(node);
  switch (found.kind) {
    case 'missing':
      if (found.name === null) return `${text} needs a value that is not known`;
      return found.name === text ? `${text} is not known` : `${text} needs ${found.name}, which is not known`;
    case 'error':
      return `${text} cannot be told: ${found.message}${valuesIn(node, outcomeOf)}`;
    case 'value':
      return typeof found.value === 'boolean'
        ? `${text} is ${found.value}${valuesIn(node, outcomeOf)}`
        : `${text} is ${describe(found.value)}, neither true nor false`;
  }
}

/** `: metrics.fuel is 0.4, now.getHours() is 7`, or nothing. */
function valuesIn(node: ASTNode, outcomeOf: OutcomeOf): string {
  const values = new Map<string, string>();
  for (const part of operandsWithValues(node, outcomeOf)) {
    const found = outcomeOf(part);
    if (found.kind === 'value') values.set(shortened(textOf(part)), describe(found.value));
  }
  const told = [...values].slice(0, MOST_LISTED).map(([name, value]) => `${name} is ${value}`);
  return told.length === 0 ? '' : `: ${told.join(', ')}`;
}

/** What a comparison compares and a call is given; of what is worked out from other values, also those. */
function operandsWithValues(node: ASTNode, outcomeOf: OutcomeOf): readonly ASTNode[] {
  return partsOf(node, outcomeOf).flatMap((part) => {
    if (dottedPath(part) !== null) return [part];
    if (CONNECTIVES.has(part.op)) return operandsWithValues(part, outcomeOf);
    return CALCULATIONS.has(part.op) ? [part, ...numbersIn(part, outcomeOf)] : [part];
  });
}

const CONNECTIVES: ReadonlySet<string> = new Set(['!_', '&&', '||', '==', '!=', '<', '<=', '>', '>=', 'in']);

/** Names below a calculation that stand for numbers: a time says little beside a span. */
function numbersIn(node: ASTNode, outcomeOf: OutcomeOf): readonly ASTNode[] {
  return partsOf(node, outcomeOf).flatMap((part) => {
    if (dottedPath(part) === null) return numbersIn(part, outcomeOf);
    const found = outcomeOf(part);
    return found.kind === 'value' && typeof found.value === 'number' ? [part] : [];
  });
}

const shortened = (text: string): string =>
  text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT - 1)}…` : text;

function describe(value: unknown): string {
  const plain = plainValue(value);
  // Times and durations are objects of CEL, and need no quotes.
  const isQuoted = typeof plain !== 'string' || typeof value === 'string';
  const text = Array.isArray(plain) ? describeList(plain) : isQuoted ? JSON.stringify(plain) : plain;
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE - 1)}…` : text;
}

function describeList(list: readonly ExplainedValue[]): string {
  const shown = list.slice(0, MOST_LISTED).map((one) => JSON.stringify(one));
  return `[${[...shown, ...(list.length > MOST_LISTED ? ['…'] : [])].join(', ')}]`;
}

/** A value of CEL as JSON can hold it: times as ISO 8601, durations in words. */
function plainValue(value: unknown): ExplainedValue {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'bigint':
      return Number(value);
    case 'object':
      break;
    default:
      return null;
  }
  if (value === null) return null;
  if (Array.isArray(value)) return value.slice(0, 100).map(plainValue);
  if ('toISOString' in value && typeof value.toISOString === 'function') return String(value.toISOString());
  if ('seconds' in value && typeof value.seconds === 'bigint') return describeDuration(Number(value));
  return 'an object';
}

import type { ASTNode } from '@marcbachmann/cel-js';
import { suggestion } from '../document/nearest-name.ts';
import type { RuleContext } from '../document/trigger.ts';
import { dottedPath, textOf, walk } from './ast.ts';
import { OWN_PREFIX, wrongArgument } from './own-functions.ts';

/** Functions and methods that a condition may call, for messages. */
const FUNCTIONS = [
  'all',
  'bool',
  'contains',
  'double',
  'duration',
  'endsWith',
  'exists',
  'exists_one',
  'filter',
  'getDate',
  'getDayOfMonth',
  'getDayOfWeek',
  'getDayOfYear',
  'getFullYear',
  'getHours',
  'getMilliseconds',
  'getMinutes',
  'getMonth',
  'getSeconds',
  'has',
  'indexOf',
  'int',
  'join',
  'lastIndexOf',
  'lowerAscii',
  'map',
  'size',
  'split',
  'startsWith',
  'string',
  'substring',
  'timestamp',
  'trim',
  'upperAscii',
];

/** Operators that work a value out. */
export const CALCULATIONS: ReadonlySet<string> = new Set(['+', '-', '*', '/', '%']);

/** An error of the library, by what it tells of itself. */
interface CelError {
  readonly code: string | null;
  readonly message: string;
  readonly node: ASTNode | null;
  /** Where in the text, from 0; null where it does not say. */
  readonly at: number | null;
}

export function celError(error: unknown): CelError {
  const fields: Readonly<Record<string, unknown>> =
    typeof error === 'object' && error !== null
      ? Object.fromEntries(FIELDS.map((name) => [name, read(error, name)]))
      : {};
  const { code, summary, message, node, range } = fields;
  const text = typeof summary === 'string' ? summary : typeof message === 'string' ? message : String(error);
  const isNode = typeof node === 'object' && node !== null && 'op' in node;
  const start = typeof range === 'object' && range !== null && 'start' in range ? range.start : null;
  return {
    code: typeof code === 'string' ? code : null,
    // CEL errors go on with a drawing of the place; the sentence comes first.
    message: (text.split('\n', 1)[0] ?? '').replaceAll(OWN_PREFIX, ''),
    node: isNode ? (node as ASTNode) : null,
    at: typeof start === 'number' ? start : null,
  };
}

const FIELDS = ['code', 'summary', 'message', 'node', 'range'] as const;

const read = (value: object, name: string): unknown => (value as Readonly<Record<string, unknown>>)[name];

/** Why a text is no CEL expression at all. */
export function describeParseError(error: unknown): string {
  const { message, at } = celError(error);
  const where = at === null ? '' : ` (at character ${at + 1})`;
  return `is not a CEL expression: ${message}${where}`;
}

/** Why an expression does not fit the types of what it names, in words of its author. */
export function describeTypeError(error: unknown): string {
  const { code, message, node } = celError(error);
  const text = node === null ? null : `${textOf(node)}: `;
  switch (code) {
    case 'no_such_overload':
    case 'invalid_logical_operand':
    case 'invalid_condition_type':
      return `does not fit the types: ${text ?? ''}${describeOverload(message) ?? inWords(message)}`;
    case 'no_matching_overload': {
      if (node === null || (node.op !== 'call' && node.op !== 'rcall')) break;
      const name = node.args[0].replace(OWN_PREFIX, '');
      const given = /\((.*)\)'$/.exec(message)?.[1] ?? '';
      if (!FUNCTIONS.includes(name)) {
        return `calls ${name}(), which is not known; known are ${FUNCTIONS.join(', ')}.${suggestion(name, FUNCTIONS)}`;
      }
      const taken = given === '' ? 'no argument' : given.split(', ').map(describeType).join(', ');
      const on = node.op === 'rcall' ? ` of ${textOf(node.args[1])}` : '';
      return `does not fit the types: ${text}${name}()${on} does not take ${taken}`;
    }
    default:
      break;
  }
  return `does not fit the types: ${text ?? ''}${inWords(message)}`;
}

/** A message of the library about an operator, in our words; null for one that is not about that. */
export function describeOverload(message: string): string | null {
  const binary = /^no such overload: (\S+) (\S+) (\S+)$/.exec(message);
  if (binary !== null) {
    const [, left = '', sign = '', right = ''] = binary;
    return describeMismatch(left, sign, right);
  }
  const unary = /^no such overload: ([!-])(\S+)$/.exec(message);
  if (unary !== null) return `${unary[1]} cannot be applied to ${describeType(unary[2])}`;
  const operand = /^Logical operator requires bool operands, got '(.*)'$/.exec(message);
  if (operand !== null)
    return `&& and || need true or false on both sides, and here is ${describeType(operand[1])}`;
  const condition = /^Ternary condition must be bool, got '(.*)'$/.exec(message);
  return condition === null
    ? null
    : `before the ? stands ${describeType(condition[1])}, and not true or false`;
}

function describeMismatch(left: string, sign: string, right: string): string {
  const [a, b] = [describeType(left), describeType(right)];
  if (sign === 'in') return `${a} cannot be in ${b}`;
  if (CALCULATIONS.has(sign)) return `${a} ${sign} ${b} cannot be worked out`;
  return `${a} cannot be compared with ${b}`;
}

/** Types of CEL in the words of rules: both of its numbers are one to their authors. */
export function describeType(type: string | undefined): string {
  switch (type) {
    case 'int':
    case 'uint':
    case 'double':
      return 'a number';
    case 'string':
      return 'a text';
    case 'bool':
      return 'true or false';
    case 'null':
      return 'null';
    case 'google.protobuf.Timestamp':
      return 'a time';
    case 'google.protobuf.Duration':
      return 'a duration';
    case undefined:
      return 'a value of another type';
    default:
      break;
  }
  const dynamic = /^dyn<(.*)>$/.exec(type);
  if (dynamic !== null) return describeType(dynamic[1]);
  const list = /^list<(.*)>$/.exec(type);
  if (list !== null) return list[1] === 'dyn' ? 'a list' : `a list with ${describeType(list[1])}`;
  return type.startsWith('$') ? `${type.slice(1)} as a whole` : `a value of the type ${type}`;
}

/** A message of the library with its types in our words. */
function inWords(message: string): string {
  return message.replace(/'([\w.<>$]+)'/g, (_, type: string) => describeType(type));
}

/** Problems of literals: durations, times and zones that are none, and names of things that do not exist. */
export function literalProblems(ast: ASTNode, context: RuleContext): readonly string[] {
  const problems: string[] = [];
  walk(ast, (node) => {
    const wrong = wrongLiteral(node) ?? unknownLiteral(node, context);
    if (wrong !== null) problems.push(wrong);
  });
  return problems;
}

function wrongLiteral(node: ASTNode): string | null {
  if (node.op !== 'call' && node.op !== 'rcall') return null;
  const [argument, ...more] = node.op === 'rcall' ? node.args[2] : node.args[1];
  if (more.length > 0 || argument?.op !== 'value' || typeof argument.args !== 'string') return null;
  const wrong = wrongArgument(node.args[0].replace(OWN_PREFIX, ''), argument.args);
  return wrong === null ? null : `${textOf(node).replaceAll(OWN_PREFIX, '')}: ${wrong}`;
}

/** `device.type == "cra"` and `"comuters" in segments` are never true. */
function unknownLiteral(node: ASTNode, context: RuleContext): string | null {
  if (node.op !== '==' && node.op !== '!=' && node.op !== 'in') return null;
  const [left, right] = node.args;
  if (dottedPath(right)?.text === 'segments' && node.op === 'in') {
    return unknownOf(left, context.segments, 'segment');
  }
  const types = context.deviceTypeIds;
  if (dottedPath(left)?.text === 'device.type') {
    const given = right.op === 'list' ? right.args : [right];
    for (const one of given) {
      const wrong = unknownOf(one, types, 'device type');
      if (wrong !== null) return wrong;
    }
  }
  return dottedPath(right)?.text === 'device.type' ? unknownOf(left, types, 'device type') : null;
}

function unknownOf(node: ASTNode, known: readonly string[] | undefined, what: string): string | null {
  if (known === undefined || node.op !== 'value' || typeof node.args !== 'string') return null;
  if (known.includes(node.args)) return null;
  return `there is no ${what} "${node.args}".${suggestion(node.args, known)}`;
}

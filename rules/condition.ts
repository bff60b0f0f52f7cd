import { type ASTNode, Environment, type ParseResult } from '@marcbachmann/cel-js';
import type { DeviceType } from './device-type.ts';
import { suggestion } from './nearest-name.ts';
import type { Parsed, Problem } from './problem.ts';
import type { Situation } from './situation.ts';
import type { ConsumerFacts } from './step.ts';
import type { RuleContext, Trait, Trigger } from './trigger.ts';

/** What a condition said of one situation. `missing` and `false` carry a sentence for the decision. */
export type Verdict =
  | { readonly kind: 'true' }
  | { readonly kind: 'false'; readonly detail: string }
  | { readonly kind: 'missing'; readonly detail: string };

export interface Condition {
  /** Never throws. */
  evaluate(situation: Situation): Verdict;
  /** Dotted names that it reads, such as `metrics.fuel` and `place.name`. */
  readonly reads: readonly string[];
}

/** Bounds the work of one evaluation: there is no loop but over tags and attributes. */
const LIMITS = {
  maxAstNodes: 300,
  maxDepth: 30,
  maxListElements: 100,
  maxMapEntries: 20,
  maxCallArguments: 8,
};

const POSITION = {
  lat: 'double',
  lon: 'double',
  accuracy: 'double',
  speed: 'double',
  heading: 'double',
  altitude: 'double',
};

/** Names that a condition or a template may use, each with its fields (null: any), for messages and checks. */
export function knownNames(
  trigger: Trigger,
  context: RuleContext,
): Readonly<Record<string, readonly string[] | null>> {
  const always = {
    device: ['id', 'type'],
    metrics: [...metricTypes(context.deviceTypes).keys()],
    position: Object.keys(POSITION),
    consumer: ['id', 'timezone', 'attributes'],
    segments: null,
    now: null,
  };
  return trigger.kind === 'place'
    ? { ...always, place: ['id', 'name', 'tags'], visit: ['id', 'enteredAt'] }
    : always;
}

/** CEL type by metric name; a name that two device types use for different kinds is checked when it is evaluated. */
function metricTypes(deviceTypes: readonly DeviceType[]): ReadonlyMap<string, string> {
  const celTypes = { number: 'double', boolean: 'bool', string: 'string' };
  const types = new Map<string, string>();
  for (const deviceType of deviceTypes) {
    for (const [name, metric] of Object.entries(deviceType.metrics)) {
      const type = celTypes[metric.kind];
      types.set(name, types.has(name) && types.get(name) !== type ? 'dyn' : type);
    }
  }
  return types;
}

/**
 * The environment of a condition: what it may name, each with its type. `place` and `visit` exist only for place triggers.
 * Numbers are doubles in CEL, but people write `fuel + 1`; so whole literals are taken as doubles beside a double.
 */
function environmentOf(trigger: Trigger, deviceTypes: readonly DeviceType[]): Environment {
  const hasPlace = trigger.kind === 'place';
  const known = environments.get(deviceTypes) ?? {};
  const name = hasPlace ? 'withPlace' : 'withoutPlace';
  const environment = known[name] ?? buildEnvironment(hasPlace, deviceTypes);
  environments.set(deviceTypes, { ...known, [name]: environment });
  return environment;
}

/** Building one costs some 0.3 ms, and a rulebook may hold thousands of conditions over the same device types. */
const environments = new WeakMap<
  readonly DeviceType[],
  { readonly withPlace?: Environment; readonly withoutPlace?: Environment }
>();

function buildEnvironment(hasPlace: boolean, deviceTypes: readonly DeviceType[]): Environment {
  const environment = new Environment({ unlistedVariablesAreDyn: false, limits: LIMITS })
    .registerVariable({ name: 'device', schema: { id: 'string', type: 'string' } })
    .registerVariable({ name: 'metrics', schema: Object.fromEntries(metricTypes(deviceTypes)) })
    .registerVariable({ name: 'position', schema: POSITION })
    .registerVariable({ name: 'consumer', schema: { id: 'string', timezone: 'string', attributes: 'map' } })
    .registerVariable('segments', 'list<string>')
    .registerVariable('now', 'google.protobuf.Timestamp');
  if (hasPlace) {
    environment
      .registerVariable({ name: 'place', schema: { id: 'string', name: 'string', tags: 'list<string>' } })
      .registerVariable({ name: 'visit', schema: { id: 'string', enteredAt: 'google.protobuf.Timestamp' } });
  }
  const arithmetic: readonly (readonly [string, (a: number, b: number) => number])[] = [
    ['+', (a, b) => a + b],
    ['-', (a, b) => a - b],
    ['*', (a, b) => a * b],
    ['/', (a, b) => a / b],
  ];
  for (const [sign, apply] of arithmetic) {
    environment.registerOperator(`double ${sign} int`, (a: number, b: bigint) => apply(a, Number(b)));
    environment.registerOperator(`int ${sign} double`, (a: bigint, b: number) => apply(Number(a), b));
  }
  return environment;
}

/**
 * Parses and type-checks a CEL condition against the metrics of all device types. Problems have the path `when`, and name
 * what comes nearest to an unknown name.
 */
export function compileCondition(text: string, trigger: Trigger, context: RuleContext): Parsed<Condition> {
  const { deviceTypes } = context;
  const problem = (message: string): Parsed<Condition> => ({
    ok: false,
    problems: [{ path: 'when', message }],
  });
  let program: ParseResult;
  try {
    program = environmentOf(trigger, deviceTypes).parse(text);
  } catch (error) {
    return problem(`is not a CEL expression: ${firstLine(error)}`);
  }
  const named = namesIn(program.ast);
  const unknown = unknownNames(named.reads, trigger, context);
  if (unknown.length > 0) return { ok: false, problems: unknown };
  // Backtracking on a pattern of the author and a text of a device could stall every subject of this thread.
  if (named.calls.includes('matches'))
    return problem('matches() is not allowed; use startsWith, endsWith or contains');
  const checked = program.check();
  if (!checked.valid) return problem(`does not fit the types: ${firstLine(checked.error)}`);
  if (checked.type !== 'bool' && checked.type !== 'dyn') {
    return problem(`must be true or false, but gives ${describeType(checked.type)}`);
  }
  return {
    ok: true,
    value: { reads: named.reads, evaluate: (situation) => evaluate(program, text, situation) },
  };
}

/** The condition of a segment: over `consumer` alone. */
export interface Segmenting {
  /** Never throws; what is missing holds not. */
  holds(consumer: ConsumerFacts): boolean;
}

/** Parses and type-checks the condition of a segment. Problems have the path `when`. */
export function compileSegmentCondition(text: string, _traits?: readonly Trait[]): Parsed<Segmenting> {
  const problem = (message: string): Parsed<Segmenting> => ({
    ok: false,
    problems: [{ path: 'when', message }],
  });
  let program: ParseResult;
  try {
    program = segmentEnvironment().parse(text);
  } catch (error) {
    return problem(`is not a CEL expression: ${firstLine(error)}`);
  }
  const named = namesIn(program.ast);
  const unknown = named.reads.flatMap((read) => {
    const message = unknownName(read, { consumer: ['id', 'timezone', 'attributes'] });
    return message === null ? [] : [{ path: 'when', message }];
  });
  if (unknown.length > 0) return { ok: false, problems: unknown };
  if (named.calls.includes('matches'))
    return problem('matches() is not allowed; use startsWith, endsWith or contains');
  const checked = program.check();
  if (!checked.valid) return problem(`does not fit the types: ${firstLine(checked.error)}`);
  if (checked.type !== 'bool' && checked.type !== 'dyn')
    return problem(`must be true or false, but gives ${describeType(checked.type)}`);
  return {
    ok: true,
    value: {
      holds({ id, timezone, attributes }) {
        const consumer = { id, attributes, ...(timezone === null ? {} : { timezone }) };
        try {
          return program({ consumer }) === true;
        } catch {
          return false;
        }
      },
    },
  };
}

let forSegments: Environment | null = null;

function segmentEnvironment(): Environment {
  forSegments ??= new Environment({ unlistedVariablesAreDyn: false, limits: LIMITS }).registerVariable({
    name: 'consumer',
    schema: { id: 'string', timezone: 'string', attributes: 'map' },
  });
  return forSegments;
}

/** Types of CEL in the words of rules: both of its numbers are one to their authors. */
function describeType(type: string | undefined): string {
  if (type === 'int' || type === 'uint' || type === 'double') return 'a number';
  if (type === 'string') return 'a text';
  if (type === undefined) return 'a value of another type';
  return `a value of the type ${type}`;
}

function evaluate(program: ParseResult, text: string, situation: Situation): Verdict {
  try {
    const value: unknown = program(situation);
    if (value === true) return { kind: 'true' };
    if (value === false) return { kind: 'false', detail: `the condition ${text} is false` };
    return { kind: 'false', detail: `the condition ${text} gave neither true nor false` };
  } catch (error) {
    const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : null;
    const missing = code === 'no_such_key' || code === 'unknown_variable';
    return missing
      ? {
          kind: 'missing',
          detail: `the condition ${text} needs a value that is not known: ${firstLine(error)}`,
        }
      : { kind: 'false', detail: `the condition ${text} cannot be told: ${firstLine(error)}` };
  }
}

/** CEL errors go on with a drawing of the place; the sentence comes first. */
function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split('\n', 1)[0] ?? '';
}

function unknownNames(reads: readonly string[], trigger: Trigger, context: RuleContext): Problem[] {
  const known = knownNames(trigger, context);
  return reads.flatMap((read) => {
    const message = unknownName(read, known);
    return message === null ? [] : [{ path: 'when', message }];
  });
}

/** What is wrong with a dotted name, or null. Shared by conditions and templates, so that both speak alike. */
export function unknownName(
  read: string,
  known: Readonly<Record<string, readonly string[] | null>>,
): string | null {
  const dot = read.indexOf('.');
  const root = dot < 0 ? read : read.slice(0, dot);
  if (!Object.hasOwn(known, root)) {
    if (root === 'place' || root === 'visit') return `"${root}" is known only where the trigger is a place`;
    const names = Object.keys(known);
    return `"${root}" is not known; known are ${names.join(', ')}.${suggestion(root, names)}`;
  }
  const fields = known[root];
  if (dot < 0 || !fields) return null;
  // A metric's name may hold dots itself, and consumer.attributes.x is free below attributes.
  const rest = read.slice(dot + 1);
  const field = fields.includes(rest) ? rest : (rest.split('.', 1)[0] ?? rest);
  if (fields.includes(field)) return null;
  const listed = fields.length > 12 ? `${fields.slice(0, 12).join(', ')}, …` : fields.join(', ');
  return `"${root}.${field}" is not known; ${root} has ${listed}.${suggestion(field, fields)}`;
}

/** Dotted names and called functions of an expression. Names that a macro such as `exists` binds are left out. */
function namesIn(ast: ASTNode): { readonly reads: readonly string[]; readonly calls: readonly string[] } {
  const reads = new Set<string>();
  const calls = new Set<string>();
  visit(ast, new Set(), reads, calls);
  return { reads: [...reads], calls: [...calls] };
}

const BINDING_MACROS = new Set(['all', 'exists', 'exists_one', 'map', 'filter']);

function visit(node: ASTNode, bound: ReadonlySet<string>, reads: Set<string>, calls: Set<string>): void {
  const path = dottedPath(node);
  if (path !== null) {
    if (!bound.has(path.root)) reads.add(path.text);
    return;
  }
  let inner = bound;
  if (node.op === 'rcall') {
    const [name, , args] = node.args;
    calls.add(name);
    const [variable] = args;
    if (BINDING_MACROS.has(name) && variable?.op === 'id') inner = new Set([...bound, variable.args]);
  } else if (node.op === 'call') {
    calls.add(node.args[0]);
  }
  for (const child of childNodes(node.args)) visit(child, inner, reads, calls);
}

/** `metrics.fuel` and `metrics["fuel"]` are both `metrics.fuel`. */
function dottedPath(node: ASTNode): { readonly root: string; readonly text: string } | null {
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

function childNodes(value: unknown): ASTNode[] {
  if (Array.isArray(value)) return value.flatMap(childNodes);
  return typeof value === 'object' && value !== null && 'op' in value ? [value as ASTNode] : [];
}

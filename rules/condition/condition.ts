import type { Environment, ParseResult } from '@marcbachmann/cel-js';
import type { Parsed } from '../document/problem.ts';
import type { RuleContext, Trigger } from '../document/trigger.ts';
import { namesIn } from './ast.ts';
import { costlyCalls } from './cost.ts';
import { parseIn, ruleEnvironment, segmentEnvironment } from './environment.ts';
import { type Explained, explainer, type Outcome } from './explain.ts';
import { consumerNames, type KnownNames, knownNames, unknownName } from './names.ts';
import { describeParseError, describeType, describeTypeError, literalProblems } from './problems.ts';
import type { Situation } from './situation.ts';

/**
 * What a condition said of one situation. `missing` and `false` carry a sentence for the decision: the first sub-expression that
 * made it so, with the values found.
 */
export type Verdict =
  | { readonly kind: 'true' }
  | { readonly kind: 'false'; readonly detail: string }
  | { readonly kind: 'missing'; readonly detail: string };

/** A compiled expression over what `Scope` holds. */
export interface Condition<Scope extends object = Situation> {
  /** Never throws. */
  evaluate(scope: Scope): Verdict;
  /** Whether it is true, without telling why not. Never throws. */
  holds(scope: Scope): boolean;
  /** Every sub-expression with what it came to. Never throws; dearer than {@link evaluate}. */
  explain(scope: Scope): Explained;
  /** Dotted names that it reads, such as `metrics.fuel` and `place.name`. */
  readonly reads: readonly string[];
}

/** What the condition of a segment sees. */
export type SegmentScope = Pick<Situation, 'consumer'>;

/**
 * Parses and type-checks the condition of a rule against the metrics of all device types, and against the profile traits where any
 * are declared. Problems have the path `when`, and name what comes nearest to an unknown name.
 */
export function compileCondition(text: string, trigger: Trigger, context: RuleContext): Parsed<Condition> {
  return compile(text, ruleEnvironment(trigger, context), knownNames(trigger, context), context);
}

/** As {@link compileCondition} for a segment, which sees `consumer` alone. */
export function compileSegmentCondition(
  text: string,
  traits?: RuleContext['traits'],
): Parsed<Condition<SegmentScope>> {
  return compile(text, segmentEnvironment(traits), consumerNames(traits), { deviceTypes: [] });
}

/** The tree of a condition's sub-expressions with the values that they came to in a situation. Never throws. */
export function explainCondition(condition: Condition, situation: Situation): Explained {
  return condition.explain(situation);
}

function compile<Scope extends object>(
  text: string,
  environment: Environment,
  known: KnownNames,
  context: RuleContext,
): Parsed<Condition<Scope>> {
  const refused = (messages: readonly string[]): Parsed<Condition<Scope>> => ({
    ok: false,
    problems: messages.map((message) => ({ path: 'when', message })),
  });
  let program: ParseResult;
  try {
    program = parseIn(environment, text);
  } catch (error) {
    return refused([describeParseError(error)]);
  }
  const reads = namesIn(program.ast);
  const unknown = reads.map((read) => unknownName(read, known)).filter((message) => message !== null);
  const isSaved = context.isSaved ?? false;
  const literals = isSaved ? [] : literalProblems(program.ast, context);
  const problems = [...unknown, ...literals, ...costlyCalls(program.ast, isSaved)];
  // A name that is not known has no type.
  const type = unknown.length > 0 ? null : typeProblem(program);
  if (type !== null) problems.push(type);
  if (problems.length > 0) return refused(problems);
  return { ok: true, value: conditionOf(program, environment, reads) };
}

function typeProblem(program: ParseResult): string | null {
  const checked = program.check();
  if (!checked.valid) return describeTypeError(checked.error);
  if (checked.type === 'bool' || checked.type === 'dyn') return null;
  return `must be true or false, but gives ${describeType(checked.type)}`;
}

function conditionOf<Scope extends object>(
  program: ParseResult,
  environment: Environment,
  reads: readonly string[],
): Condition<Scope> {
  const { outcome, explain, blame } = explainer(program.ast, environment);
  return {
    reads,
    explain,
    holds: (scope) => isTrue(outcome(program, scope)),
    evaluate(scope) {
      const found = outcome(program, scope);
      if (isTrue(found)) return { kind: 'true' };
      return { kind: found.kind === 'missing' ? 'missing' : 'false', detail: blame(scope) };
    },
  };
}

const isTrue = (found: Outcome): boolean => found.kind === 'value' && found.value === true;

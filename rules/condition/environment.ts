import { Environment, type ParseResult } from '@marcbachmann/cel-js';
import type { RuleContext, Trigger } from '../document/trigger.ts';
import type { DeviceType } from '../readings/device-type.ts';
import { metricTypes, POSITION_FIELDS, traitTypes } from './names.ts';
import { callOwnFunctions, registerOwnFunctions } from './own-functions.ts';

/** Bounds the work of one evaluation: there is no loop but over tags, segments and attributes. */
const LIMITS = {
  maxAstNodes: 300,
  maxDepth: 30,
  maxListElements: 100,
  maxMapEntries: 20,
  maxCallArguments: 8,
};

const TIME = 'google.protobuf.Timestamp';

/** Parses an expression so that it calls our functions. @throws what the library throws on what is no CEL */
export function parseIn(environment: Environment, text: string): ParseResult {
  const program = environment.parse(text);
  callOwnFunctions(program.ast);
  return program;
}

/** What the condition of a rule may name, each with its type. `place` and `visit` exist only for place triggers. */
export function ruleEnvironment(trigger: Trigger, context: RuleContext): Environment {
  const hasPlace = trigger.kind === 'place';
  const { deviceTypes } = context;
  // Traits are declared for all: a rule is checked against them when it is saved, and seldom otherwise.
  if (traitTypes(context.traits) !== null) return buildRuleEnvironment(hasPlace, context);
  const known = environments.get(deviceTypes) ?? {};
  const name = hasPlace ? 'withPlace' : 'withoutPlace';
  const environment = known[name] ?? buildRuleEnvironment(hasPlace, context);
  environments.set(deviceTypes, { ...known, [name]: environment });
  return environment;
}

/** Building one costs some 0.3 ms, and a rulebook may hold thousands of conditions over the same device types. */
const environments = new WeakMap<
  readonly DeviceType[],
  { readonly withPlace?: Environment; readonly withoutPlace?: Environment }
>();

function buildRuleEnvironment(hasPlace: boolean, context: RuleContext): Environment {
  const environment = newEnvironment()
    .registerVariable({ name: 'device', schema: { id: 'string', type: 'string' } })
    .registerVariable({ name: 'metrics', schema: Object.fromEntries(metricTypes(context.deviceTypes)) })
    .registerVariable({
      name: 'position',
      schema: Object.fromEntries(POSITION_FIELDS.map((field) => [field, 'double'])),
    })
    .registerVariable({ name: 'consumer', schema: consumerSchema(context.traits) })
    .registerVariable('segments', 'list<string>')
    .registerVariable('now', TIME);
  if (!hasPlace) return environment;
  return environment
    .registerVariable({
      name: 'place',
      schema: { id: 'string', name: 'string', tags: 'list<string>', timezone: 'string' },
    })
    .registerVariable({ name: 'visit', schema: { id: 'string', enteredAt: TIME } });
}

/** What the condition of a segment may name: `consumer` alone. */
export function segmentEnvironment(traits: RuleContext['traits']): Environment {
  return newEnvironment().registerVariable({ name: 'consumer', schema: consumerSchema(traits) });
}

function consumerSchema(traits: RuleContext['traits']) {
  const attributes = traitTypes(traits);
  return { id: 'string', timezone: 'string', attributes: attributes ?? 'map' };
}

/**
 * Numbers are doubles in CEL, but people write `fuel + 1`, `fuel == 1` and `rpm in [1, 2.5]`; so whole literals are taken as
 * doubles beside a double.
 */
function newEnvironment(): Environment {
  const environment = new Environment({
    unlistedVariablesAreDyn: false,
    homogeneousAggregateLiterals: false,
    limits: LIMITS,
  });
  const arithmetic: readonly (readonly [string, (a: number, b: number) => number])[] = [
    ['+', (a, b) => a + b],
    ['-', (a, b) => a - b],
    ['*', (a, b) => a * b],
    ['/', (a, b) => a / b],
    ['%', (a, b) => a % b],
  ];
  for (const [sign, apply] of arithmetic) {
    environment.registerOperator(`double ${sign} int`, (a: number, b: bigint) => apply(a, Number(b)));
    environment.registerOperator(`int ${sign} double`, (a: bigint, b: number) => apply(Number(a), b));
  }
  environment.registerOperator('double % double', (a: number, b: number) => a % b);
  // Also gives `int == double`, and `!=` of both.
  environment.registerOperator(
    'double == int',
    (a: number | bigint, b: number | bigint) => Number(a) === Number(b),
  );
  const holds = (list: readonly unknown[], number: number) =>
    list.some((one) => (typeof one === 'bigint' ? Number(one) : one) === number);
  for (const list of ['list<int>', 'list<dyn>'])
    environment.registerOperator(`double in ${list}`, (a: number, b: readonly unknown[]) => holds(b, a));
  // A number whose type is known only at run time would fit both that and the general one.
  environment.registerOperator('dyn<double> in list<int>', (a: number, b: readonly unknown[]) => holds(b, a));
  registerOwnFunctions(environment);
  return environment;
}

import { setImmediate } from 'node:timers/promises';
import { Type } from '@fastify/type-provider-typebox';
import type { RuleContext } from '../../../rules/document/trigger.ts';
import type { Problem } from '../../errors.ts';
import { type AppliedRule, applyRules, type WantedRule } from '../../records/rules-apply.ts';
import type { RuleState } from '../../records/schema.ts';
import { checkRuleDocument, RULE_STATES } from '../checked-rule.ts';
import type { HttpApp, RouteContext } from '../context.ts';
import { changeBy } from '../identity.ts';
import { invalidDocument } from '../refused.ts';
import { lineDiff, normalisedYaml } from '../rule-diff.ts';
import { ruleContext } from '../rule-document.ts';
import { Choice, Closed, Id, Nullable } from '../shapes.ts';

const MOST_RULES = 1_000;
const BODY_LIMIT_BYTES = 2 * 1024 * 1024;

const State = Choice(...RULE_STATES);

const Expected = Type.Record(
  Type.String(),
  Closed({ version: Type.Integer({ minimum: 1 }), state: Type.Optional(State) }),
  { maxProperties: 100_000 },
);

const Body = Closed({
  rules: Type.Array(
    Closed({
      id: Type.String({ maxLength: 1_000 }),
      document: Type.Unsafe<unknown>({ description: 'The rule document; it may hold `state`' }),
      state: Type.Optional(State),
    }),
    { minItems: 1, maxItems: MOST_RULES },
  ),
  dryRun: Type.Optional(Type.Boolean({ description: 'Tell what would change, and change nothing' })),
  prune: Type.Optional(Type.Boolean({ description: 'End every rule that is not among `rules`' })),
  expected: Type.Optional(Expected),
});

const Changes = Type.Object({
  applied: Type.Boolean(),
  changes: Type.Array(
    Type.Object({
      id: Id,
      change: Choice('added', 'changed', 'state', 'ended', 'unchanged'),
      version: Type.Object({ from: Nullable(Type.Integer()), to: Type.Integer() }),
      state: Type.Object({ from: Nullable(State), to: State }),
      diff: Type.Array(Type.String(), {
        description:
          'Lines of the rule as YAML, `+ ` before what is new and `- ` before what goes; empty where none does',
      }),
    }),
  ),
  expected: Type.Unsafe<Readonly<Record<string, { version: number; state: RuleState }>>>({
    type: 'object',
    additionalProperties: {
      type: 'object',
      properties: { version: { type: 'integer' }, state: { type: 'string' } },
    },
    description:
      'The rules that change, as they were before: send it back, so that no other change is overwritten',
  }),
});

/** Rules that are kept as files elsewhere: all of them applied in one go. */
export function registerRuleFileRoutes(app: HttpApp, { deps }: RouteContext): void {
  app.post(
    '/api/v1/rules/apply',
    {
      bodyLimit: BODY_LIMIT_BYTES,
      schema: {
        summary: 'Apply many rules, all or none',
        description:
          'Each rule is checked as PUT does, and every problem of all is told, its path beginning with `rules.<index>`. Only a rule whose document changed gets a new version. With `expected`, by rule id, a rule that is to change and is of another version or state, or is there and not listed, refuses all of it: 409 `rule_changed`.',
        tags: ['rules'],
        body: Body,
        response: { 200: Changes },
      },
    },
    async (request) => {
      const { rules, prune = false, dryRun = false, expected = null } = request.body;
      const wanted = await checkRules(
        rules,
        await ruleContext(
          deps,
          rules.map(({ document }) => document),
        ),
      );
      const applied = await applyRules(
        deps.records,
        { rules: wanted, prune, expected, dryRun },
        changeBy(deps, request),
      );
      if (!dryRun && applied.some(({ kind }) => kind !== 'unchanged')) await deps.changed({ kind: 'rules' });
      const changes = [];
      for (const rule of applied) {
        changes.push(changeShown(rule));
        await setImmediate();
      }
      return { applied: !dryRun, changes, expected: expectedOf(applied) };
    },
  );
}

/** A condition takes a fraction of a millisecond to compile, so between two rules others get their turn. */
async function checkRules(
  rules: readonly { readonly id: string; readonly document: unknown; readonly state?: RuleState }[],
  context: RuleContext,
): Promise<readonly WantedRule[]> {
  const problems: Problem[] = [];
  const indexes = new Map<string, number>();
  const wanted: WantedRule[] = [];
  for (const [index, { id, document, state }] of rules.entries()) {
    const path = (inner: string) => (inner === '' ? `rules.${index}` : `rules.${index}.${inner}`);
    const earlier = indexes.get(id);
    if (earlier === undefined) indexes.set(id, index);
    else problems.push({ path: path('id'), message: `"${id}" is the id of rules.${earlier} too` });
    const checked = checkRuleDocument(id, document, context);
    if (checked.ok)
      wanted.push({ id, document: checked.value.document, state: state ?? checked.value.state });
    else
      problems.push(...checked.problems.map((found) => ({ path: path(found.path), message: found.message })));
    await setImmediate();
  }
  if (problems.length > 0) throw invalidDocument(problems);
  return wanted;
}

function changeShown({ kind, before, after }: AppliedRule) {
  const differs = kind === 'added' || kind === 'changed';
  const text = (document: object | undefined) => (document === undefined ? '' : normalisedYaml(document));
  return {
    id: after.id,
    change: kind,
    version: { from: before?.version ?? null, to: after.version },
    state: { from: before?.state ?? null, to: after.state },
    diff: differs ? [...lineDiff(text(before?.document), text(after.document))] : [],
  };
}

function expectedOf(applied: readonly AppliedRule[]) {
  const changed = applied.filter(({ kind }) => kind !== 'unchanged');
  return Object.fromEntries(
    changed.flatMap(({ before }) =>
      before === null ? [] : [[before.id, { version: before.version, state: before.state }]],
    ),
  );
}

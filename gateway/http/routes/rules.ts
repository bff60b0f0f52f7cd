import { Type } from '@fastify/type-provider-typebox';
import { purposesOf } from '../../../rules/compiled-rule.ts';
import { getRule, listRules, type StoredRule, saveRule, setRuleState } from '../../records/rules.ts';
import { RULE_STATES } from '../checked-rule.ts';
import type { HttpApp, RouteContext } from '../context.ts';
import { changeBy } from '../identity.ts';
import { readRuleDocument, readYamlBodies } from '../rule-document.ts';
import { Choice, Closed, Id, IdParams, ListOf, PageQuery, Purpose, pageRequest, Time } from '../shapes.ts';

const State = Choice(...RULE_STATES);
const Rule = Type.Object({
  id: Id,
  name: Type.String(),
  version: Type.Integer({ description: 'Counts from 1; every save adds one' }),
  state: State,
  rule: Type.Unsafe<object>({
    type: 'object',
    additionalProperties: true,
    description: 'The document as it was saved',
  }),
  updatedAt: Time,
});

const SavedRule = Type.Object({
  ...Rule.properties,
  purposes: Type.Array(Purpose, {
    description:
      'What a person must have agreed to, each, before this rule sends anything: derived from all that it reads',
  }),
});

function ruleShown({ id, version, state, document, updatedAt }: StoredRule) {
  const { name } = document as { readonly name?: unknown };
  return { id, name: typeof name === 'string' ? name : id, version, state, rule: document, updatedAt };
}

/** Rules: what brings whom which offer. */
export async function registerRuleRoutes(app: HttpApp, { deps }: RouteContext): Promise<void> {
  const tags = ['rules'];
  const { records } = deps;
  readYamlBodies(app);

  app.put(
    '/api/v1/rules/:id',
    {
      schema: {
        summary: 'Save a rule as its next version',
        description:
          'JSON, or YAML (at most 32 KiB) with Content-Type: application/yaml. A new rule is a draft unless `state` (in the address or the document) says otherwise.',
        tags,
        consumes: ['application/json', 'application/yaml'],
        params: IdParams,
        querystring: Closed({ state: Type.Optional(State) }),
        body: Type.Unsafe<unknown>({ description: 'The rule document' }),
        response: { 200: SavedRule, 201: SavedRule },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const { document, rule: parsed, state, deviceTypes } = await readRuleDocument(deps, id, request.body);
      const wanted = request.query.state ?? state;
      const { rule, created } = await saveRule(records, id, document, wanted, changeBy(deps, request));
      await deps.changed({ kind: 'rules' });
      const purposes = [...purposesOf(parsed, deviceTypes)];
      return reply.code(created ? 201 : 200).send({ ...ruleShown(rule), purposes });
    },
  );

  app.get(
    '/api/v1/rules',
    {
      schema: {
        summary: 'List rules',
        tags,
        querystring: Closed({ ...PageQuery, state: Type.Optional(State) }),
        response: { 200: ListOf(Rule) },
      },
    },
    async (request) => {
      const { items, next } = await listRules(records, request.query, pageRequest(request.query));
      return { items: items.map(ruleShown), next };
    },
  );

  app.get(
    '/api/v1/rules/:id',
    { schema: { summary: 'One rule', tags, params: IdParams, response: { 200: Rule } } },
    async (request) => ruleShown(await getRule(records, request.params.id)),
  );

  app.post(
    '/api/v1/rules/:id/state',
    {
      schema: {
        summary: 'Start, pause, resume or end a rule',
        description:
          'draft → live → paused → live …; any → ended, which is for good. Before it goes live it is checked again, as when it is saved.',
        tags,
        params: IdParams,
        body: Closed({ state: State }),
        response: { 200: Rule },
      },
    },
    async (request) => {
      const { id } = request.params;
      const { state } = request.body;
      // What it names may have gone since it was saved: only what rules in force name is kept from that.
      if (state === 'live') await readRuleDocument(deps, id, (await getRule(records, id)).document);
      const rule = await setRuleState(records, id, state, changeBy(deps, request));
      await deps.changed({ kind: 'rules' });
      return ruleShown(rule);
    },
  );
}

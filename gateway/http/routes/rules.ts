import { Type } from '@fastify/type-provider-typebox';
import { purposesOf } from '../../../rules/compiled-rule.ts';
import { getRule, listRules, type StoredRule, saveRule, setRuleState } from '../../records/rules.ts';
import { checkRuleDocument, RULE_STATES } from '../checked-rule.ts';
import type { HttpApp, RouteContext } from '../context.ts';
import { changeBy } from '../identity.ts';
import { readRuleDocument, readYamlBodies, ruleContext } from '../rule-document.ts';
import { needsOfRule, RuleNeeds } from '../rule-needs.ts';
import { Choice, Closed, Id, IdParams, ListOf, PageQuery, Purpose, pageRequest, Time } from '../shapes.ts';
import { IfMatchHeader, IfNoneMatchHeader, readVersionMatch, versionTag } from '../version-headers.ts';

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
  needs: RuleNeeds,
});

const RuleWithProblems = Type.Object({
  ...Rule.properties,
  problems: Type.Array(Type.Object({ path: Type.String(), message: Type.String() }), {
    description:
      'What would have to be mended to save it again: what it names may be gone, and an earlier version may have allowed more. It is in force all the same; decisions that this stops say so.',
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
          'JSON, or YAML (at most 32 KiB) with Content-Type: application/yaml. A new rule is a draft unless `state` (in the address or the document) says otherwise. With the ETag of GET as If-Match, the version that somebody else saved meanwhile is not overwritten: 412.',
        tags,
        consumes: ['application/json', 'application/yaml'],
        params: IdParams,
        querystring: Closed({ state: Type.Optional(State) }),
        headers: Type.Object({ ...IfMatchHeader, ...IfNoneMatchHeader }),
        body: Type.Unsafe<unknown>({ description: 'The rule document' }),
        response: { 200: SavedRule, 201: SavedRule },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const { document, rule: parsed, state, deviceTypes } = await readRuleDocument(deps, id, request.body);
      const wanted = request.query.state ?? state;
      const { rule, created } = await saveRule(
        records,
        id,
        document,
        wanted,
        changeBy(deps, request),
        readVersionMatch(request.headers),
      );
      await deps.changed({ kind: 'rules' });
      const purposes = [...purposesOf(parsed, deviceTypes)];
      const needs = needsOfRule(parsed, deviceTypes);
      reply.header('etag', versionTag(rule.version));
      return reply.code(created ? 201 : 200).send({ ...ruleShown(rule), purposes, needs });
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
    {
      schema: {
        summary: 'One rule',
        description: 'The ETag is its version.',
        tags,
        params: IdParams,
        response: { 200: RuleWithProblems },
      },
    },
    async (request, reply) => {
      const rule = await getRule(records, request.params.id);
      const checked = checkRuleDocument(rule.id, rule.document, await ruleContext(deps, [rule.document]));
      reply.header('etag', versionTag(rule.version));
      return { ...ruleShown(rule), problems: checked.ok ? [] : [...checked.problems] };
    },
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
        headers: Type.Object(IfMatchHeader),
        body: Closed({ state: State }),
        response: { 200: Rule },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const { state } = request.body;
      const expected = readVersionMatch(request.headers);
      // What it names may have gone since it was saved: only what rules in force name is kept from that.
      if (state === 'live') await readRuleDocument(deps, id, (await getRule(records, id)).document);
      const rule = await setRuleState(records, id, state, changeBy(deps, request), expected);
      await deps.changed({ kind: 'rules' });
      reply.header('etag', versionTag(rule.version));
      return ruleShown(rule);
    },
  );
}

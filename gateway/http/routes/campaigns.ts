import { Type } from '@fastify/type-provider-typebox';
import { type Campaign, parseCampaign } from '../../../rules/document/campaign.ts';
import { localTime } from '../../../rules/time/local-time.ts';
import { deleteCampaign, saveCampaign } from '../../records/campaigns.ts';
import { getDocument, listDocuments, type SavedDocument } from '../../records/documents.ts';
import { sentOfCampaigns } from '../../records/sends.ts';
import type { HttpApp, RouteContext } from '../context.ts';
import { changeBy } from '../identity.ts';
import { readNamedDocument } from '../named-document.ts';
import { Closed, Id, IdParams, ListOf, Nullable, PageQuery, pageRequest, Time } from '../shapes.ts';

const CampaignShape = Type.Object({
  id: Id,
  name: Type.String(),
  budget: Type.Object(
    { total: Type.Optional(Type.Integer()), perDay: Type.Optional(Type.Integer()) },
    { description: 'Offers; what is left out has no limit' },
  ),
  timezone: Nullable(Type.String({ description: 'Of its days; null: UTC' })),
  sent: Type.Object({ total: Type.Integer(), today: Type.Integer() }),
  updatedAt: Time,
});

/** Campaigns: rules that share a budget of offers. */
export function registerCampaignRoutes(app: HttpApp, { deps }: RouteContext): void {
  const tags = ['rules'];
  const { records } = deps;

  /** With what they sent; today is that of each campaign's own time zone. */
  async function shown(saved: readonly SavedDocument[]) {
    const now = deps.clock.now();
    const campaigns = saved.map(({ document, updatedAt }) => ({ ...(document as Campaign), updatedAt }));
    const days = campaigns.map(({ id, timezone }) => ({ id, today: localTime(now, timezone ?? 'UTC').date }));
    const sent = await sentOfCampaigns(records, days);
    return campaigns.map((campaign) => ({
      ...campaign,
      budget: { ...campaign.budget },
      sent: sent.get(campaign.id) ?? { total: 0, today: 0 },
    }));
  }

  async function one(id: string) {
    const [campaign] = await shown([await getDocument(records, 'campaigns', id)]);
    if (campaign === undefined) throw new Error('a campaign was not shown');
    return campaign;
  }

  app.get(
    '/api/v1/campaigns',
    {
      schema: {
        summary: 'List campaigns, with what they sent so far',
        tags,
        querystring: Closed(PageQuery),
        response: { 200: ListOf(CampaignShape) },
      },
    },
    async (request) => {
      const { items, next } = await listDocuments(records, 'campaigns', pageRequest(request.query));
      return { items: await shown(items), next };
    },
  );

  app.get(
    '/api/v1/campaigns/:id',
    { schema: { summary: 'One campaign', tags, params: IdParams, response: { 200: CampaignShape } } },
    (request) => one(request.params.id),
  );

  app.put(
    '/api/v1/campaigns/:id',
    {
      schema: {
        summary: 'Save a campaign',
        description:
          '`{name, budget: {total, perDay}, timezone}`: how many offers its rules may send together, in all and on each day of its time zone. What was sent before stays counted.',
        tags,
        params: IdParams,
        body: Type.Unsafe<unknown>({ description: 'A campaign' }),
        response: { 200: CampaignShape, 201: CampaignShape },
      },
    },
    async (request, reply) => {
      const campaign = readNamedDocument('id', request.params.id, request.body, parseCampaign);
      const isNew = await saveCampaign(records, campaign, changeBy(deps, request));
      await deps.changed({ kind: 'campaigns' });
      return reply.code(isNew ? 201 : 200).send(await one(campaign.id));
    },
  );

  app.delete(
    '/api/v1/campaigns/:id',
    {
      schema: {
        summary: 'Remove a campaign that no live or paused rule belongs to',
        tags,
        params: IdParams,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      await deleteCampaign(records, request.params.id, changeBy(deps, request));
      await deps.changed({ kind: 'campaigns' });
      return reply.code(204).send(null);
    },
  );
}

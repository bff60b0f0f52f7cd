import type { Kysely } from 'kysely';
import type { DeliveryState, Schema } from '../../../gateway/records/schema.ts';
import { NOW } from './http-server.ts';

/** Adds a decision and its delivery, as the engine would. */
export async function addDelivery(
  db: Kysely<Schema>,
  id: string,
  state: DeliveryState,
  consumer = 'anna',
  createdAt = NOW,
): Promise<void> {
  const decision = await db
    .insertInto('decisions')
    .values({
      at: createdAt,
      rule: 'coffee',
      rule_version: 2,
      consumer,
      device: `car-of-${consumer}`,
      place: 'cafe',
      visit: 'v1',
      cause: id,
      outcome: 'sent',
      reason: null,
      detail: 'anna entered Café',
      delivery_id: id,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  await db
    .insertInto('deliveries')
    .values({
      id,
      delivery_key: `coffee ${consumer} ${id}`,
      decision_id: decision.id,
      rule: 'coffee',
      consumer,
      channel: 'web-push',
      state,
      attempts: 1,
      offer_json: JSON.stringify({
        title: 'Coffee',
        body: 'Two for one',
        url: 'https://example.org',
        expiresAt: NOW + 1e6,
      }),
      created_at: createdAt,
      next_attempt_at: state === 'queued' ? NOW : null,
      expires_at_real: NOW + 1e6,
      sent_at: state === 'queued' ? null : NOW + 1,
      delivered_at: null,
      shown_at: null,
      clicked_at: null,
      dismissed_at: null,
      reason: null,
    })
    .execute();
}

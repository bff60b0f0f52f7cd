import type { Insertable } from 'kysely';
import { type BrowserAddress, sealedAddress } from '../../gateway/records/push-subscriptions.ts';
import type { Schema } from '../../gateway/records/schema.ts';
import { createSeal } from '../../gateway/records/seal.ts';

/** What subscriptions are sealed with where a test makes the records itself. */
export const TEST_RECORDS_KEY = Buffer.alloc(32, 9);
export const TEST_SEAL = createSeal(TEST_RECORDS_KEY);

/** A browser of a consumer as the records hold it; of what is left out, none that anything could be sent to. */
export function subscriptionRow(
  consumer: string,
  at: number,
  more: Partial<BrowserAddress> & { readonly id?: string; readonly vapidKey?: string } = {},
): Insertable<Schema['push_subscriptions']> {
  const { id = `push-${consumer}`, vapidKey = '', endpoint = `https://push.invalid/${consumer}` } = more;
  const { p256dh = '', auth = '' } = more;
  return {
    id,
    consumer_id: consumer,
    ...sealedAddress(TEST_SEAL, { endpoint, p256dh, auth }),
    vapid_key: vapidKey,
    created_at: at,
    gone_at: null,
  };
}

import { type ChannelParts, createChannels } from '../../../gateway/delivery/channels/all-channels.ts';
import { createLanes } from '../../../gateway/delivery/lanes.ts';
import { createOutboundAgent } from '../../../gateway/delivery/outbound.ts';
import type { OutboxParts } from '../../../gateway/delivery/outbox.ts';
import { createPushSender } from '../../../gateway/delivery/push-sender.ts';
import { createServiceHolds } from '../../../gateway/delivery/service-holds.ts';
import { createServices } from '../../../gateway/delivery/services.ts';
import type { VapidKeys } from '../../../gateway/delivery/vapid-keys.ts';
import { createVapidSigners } from '../../../gateway/delivery/vapid-signers.ts';

export interface OutboxPartsOptions {
  /** Origins that may be http and private. */
  readonly origins: readonly string[];
  readonly vapidKeys: VapidKeys;
  readonly receiptKey: Uint8Array;
  readonly domainNow: () => number;
  readonly realNow?: () => number;
  readonly timeoutMs?: number;
  /** The product's own number where it is left out. */
  readonly connectionsPerOrigin?: number;
  /** In the place of the real ones. */
  readonly instead?: Partial<ChannelParts>;
}

/** All that an outbox needs, as the delivery thread puts it together. */
export function outboxParts(options: OutboxPartsOptions): OutboxParts & Pick<ChannelParts, 'services'> {
  const { origins, vapidKeys, receiptKey, domainNow, realNow = Date.now, timeoutMs = 2_000 } = options;
  const { connectionsPerOrigin } = options;
  const most = connectionsPerOrigin === undefined ? {} : { connectionsPerOrigin };
  const holds = createServiceHolds(() => 0);
  const agent = createOutboundAgent({ trustedOrigins: origins, timeoutMs });
  const ring = { current: vapidKeys, previous: [] };
  const parts: ChannelParts = {
    sender: createPushSender({ extraOrigins: origins, realNow, timeoutMs, ...most }),
    agent,
    mailer: null,
    signers: createVapidSigners(ring, 'mailto:ops@example.com', Date.now),
    services: createServices(holds, realNow, () => undefined),
    receiptKey,
    publicUrl: () => 'https://offers.example',
    realNow,
    ...options.instead,
  };
  return {
    channels: createChannels(parts),
    services: parts.services,
    lanes: createLanes(holds),
    domainNow,
    realNow,
    random: () => 0,
    async stopSending() {
      parts.mailer?.stop();
      await Promise.all([parts.sender.stop(), agent.stop()]);
    },
  };
}

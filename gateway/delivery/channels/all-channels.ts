import type { Mailer } from '../../mail/mailer.ts';
import type { OutboundAgent } from '../outbound.ts';
import type { Channel } from './channel.ts';
import { emailChannel } from './email.ts';
import { inboxChannel } from './inbox.ts';
import { type WebPushParts, webPushChannel } from './web-push.ts';
import { webhookChannel } from './webhook.ts';

export interface ChannelParts extends WebPushParts {
  readonly agent: Pick<OutboundAgent, 'post'>;
  /** Null where no mail server is set. */
  readonly mailer: Mailer | null;
}

/** Every way by which offers go out, the one to take first comes first. */
export function createChannels(parts: ChannelParts): readonly Channel[] {
  return [webPushChannel(parts), webhookChannel(parts), emailChannel(parts), inboxChannel(parts.services)];
}

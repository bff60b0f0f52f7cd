import type { Services } from '../services.ts';
import type { Channel } from './channel.ts';

/**
 * The consumer app itself, for people whom nothing else reaches: each offer that went out is there anyway, so all that is to be
 * done is to call it sent. Whoever never opened the app would not find it, and is not reached.
 */
export function inboxChannel(services: Pick<Services, 'note'>): Channel {
  return {
    name: 'inbox',
    reaches: ({ hasApp }) => hasApp,
    async send(offer) {
      if (!offer.isStillWanted()) return { kind: 'unwanted' };
      services.note('inbox', { kind: 'sent' });
      return { kind: 'sent', isDelivered: false };
    },
  };
}

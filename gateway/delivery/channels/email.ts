import type { Mailer, MailOutcome } from '../../mail/mailer.ts';
import type { PushOutcome } from '../push-sender.ts';
import { signId } from '../receipt-token.ts';
import type { Services } from '../services.ts';
import type { Channel, ChannelOutcome } from './channel.ts';
import { offerMail } from './offer-mail.ts';

export interface EmailParts {
  /** Null where no mail server is set: then it reaches nobody. */
  readonly mailer: Mailer | null;
  readonly services: Services;
  readonly receiptKey: Uint8Array;
  readonly publicUrl: () => string;
}

/** What the mail server is called where services are told apart. */
const SERVICE = 'email';

/** E-mail, for people without push. */
export function emailChannel({ mailer, services, receiptKey, publicUrl }: EmailParts): Channel {
  return {
    name: 'email',
    reaches: ({ email }) => mailer !== null && email !== null,
    async send(offer, { email }) {
      if (mailer === null || email === null) return { kind: 'gone', reason: 'no_address' };
      const waitMs = services.waitMs(SERVICE);
      if (waitMs > 0) return { kind: 'held', afterMs: waitMs, reason: 'service_unreachable' };
      const outcome = await mailer.send({
        to: email,
        messageName: offer.id,
        isStillWanted: offer.isStillWanted,
        ...offerMail({
          id: offer.id,
          offer: offer.offer,
          expiresAtReal: offer.expiresAtReal,
          publicUrl: publicUrl(),
          unsubscribeToken: signId(receiptKey, 'unsubscribe', offer.id),
        }),
      });
      if (outcome.kind === 'unwanted') return outcome;
      services.note(SERVICE, newsOf(outcome));
      return verdictOf(outcome);
    },
  };
}

type Tried = Exclude<MailOutcome, { readonly kind: 'unwanted' }>;

/** A refusal for good is about the mailbox, and says nothing against the server. */
function newsOf(outcome: Tried): PushOutcome {
  switch (outcome.kind) {
    case 'sent':
      return { kind: 'sent' };
    case 'retry':
      return { kind: 'retry', afterMs: null, reason: outcome.reason };
    case 'failed':
      return { kind: 'gone' };
  }
}

function verdictOf(outcome: Tried): ChannelOutcome {
  switch (outcome.kind) {
    case 'sent':
      return { kind: 'sent', isDelivered: false };
    case 'retry':
      return { kind: 'retry', afterMs: null, reason: outcome.reason };
    case 'failed':
      // Nobody has that address: the inbox may still reach them.
      return { kind: 'gone', reason: outcome.reason };
  }
}

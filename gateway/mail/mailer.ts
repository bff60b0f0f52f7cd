/** One message to one person. */
export interface Mail {
  /** One address, as it was checked when it was saved. */
  readonly to: string;
  readonly subject: string;
  /** The whole message, for readers that show no HTML. */
  readonly text: string;
  readonly html?: string;
  /** Further headers, such as `List-Unsubscribe`. */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * Names the message, without angle brackets and domain: the same name always gives the same Message-ID, so that mailboxes that
   * look at it keep a repeated message once.
   */
  readonly messageName?: string;
  /** Asked once there is a connection for it, right before it is handed over; one has to be waited for now and then. */
  readonly isStillWanted?: () => boolean;
}

/** What became of a message; a mail server that took it does not tell whether it was read, or even whether it arrived. */
export type MailOutcome =
  | { readonly kind: 'sent' }
  /** Worth trying again: no connection, a refusal for now (RFC 5321 §4.2.1, 4yz), or settings that the operator can mend. */
  | { readonly kind: 'retry'; readonly reason: string }
  /** The mail server will never take it for this address (5yz about the recipient or the message). */
  | { readonly kind: 'failed'; readonly reason: string }
  /** By its own word (`isStillWanted`): nothing left. */
  | { readonly kind: 'unwanted' };

/** Sends e-mail. */
export interface Mailer {
  /** Never rejects, and ends within a bounded time: every failure is an outcome. */
  send(mail: Mail): Promise<MailOutcome>;
  /** Closes the connections; messages under way end as `retry`. */
  stop(): void;
}

/** Where mail is handed over, and from whom it comes. */
export interface MailSettings {
  /** `smtp://` or `smtps://`, with user and password if the server wants them: a secret. */
  readonly url: string;
  /** `offers@example.org` or `Example Shop <offers@example.org>`. */
  readonly from: string;
}

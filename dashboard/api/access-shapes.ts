import type { ConsumerSession } from '../../gateway/records/consumer-sessions.ts';

/** What the API under /api/v1/me gives of how a person signs in. Times are epoch ms. */
export type { Passkey } from '../../gateway/records/passkeys.ts';

/** By what one can sign in here, beside a personal link. */
export interface SignInWays {
  readonly mail: boolean;
  readonly passkeys: boolean;
}

export interface BrowserSession extends Omit<ConsumerSession, 'expiresAt'> {
  /** The one that asks. */
  readonly current: boolean;
}

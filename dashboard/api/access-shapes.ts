/** What the API under /api/v1/me gives of how a person signs in. Times are epoch ms. */

/** By what one can sign in here, beside a personal link. */
export interface SignInWays {
  readonly mail: boolean;
  readonly passkeys: boolean;
}

export interface Passkey {
  readonly id: string;
  readonly name: string;
  readonly createdAt: number;
  readonly lastUsedAt: number | null;
  /** It is kept by an account or password manager, beyond one device. */
  readonly backedUp: boolean;
}

export interface BrowserSession {
  readonly id: string;
  readonly createdAt: number;
  readonly lastSeenAt: number;
  /** Such as "Firefox on Linux". */
  readonly browser: string | null;
  readonly openedWith: 'invitation' | 'mail' | 'passkey';
  /** The one that asks. */
  readonly current: boolean;
}

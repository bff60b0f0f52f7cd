/** GET /api/v1/sending. */
export interface Sending {
  readonly stopped: boolean;
  readonly note: string | null;
  readonly changedAt: number | null;
  readonly changedBy: string | null;
}

/** One of GET /api/v1/push-services. */
export interface PushService {
  /** Of a push service; `webhook:` and its id; `email`; `inbox`. */
  readonly origin: string;
  readonly subscriptions: number;
  readonly sent: number;
  readonly retried: number;
  readonly gone: number;
  readonly refused: readonly { readonly status: number; readonly count: number; readonly lastAt: number }[];
  readonly restingUntil: number | null;
}

/** GET /api/v1/push-services. */
export interface PushServices {
  readonly items: readonly PushService[];
  /** Offers that wait to be sent. */
  readonly waiting: number;
  /** When the oldest of them was made, or null. */
  readonly waitingSince: number | null;
}

export interface Webhook {
  readonly id: string;
  readonly url: string;
  readonly updatedAt: number;
}

/** POST /api/v1/trial-pushes. */
export interface TrialResult {
  readonly outcome: 'sent' | 'retry' | 'gone' | 'failed';
  readonly reason?: string;
}

import type { Resident } from '../city/model/people.ts';
import type { Random } from '../city/model/random.ts';
import { type GatewayApi, reasonOf } from '../gateway-api.ts';
import { inParallel } from '../in-parallel.ts';
import { createPushConnection } from '../push-service/push-connection.ts';
import { createSubscriber } from '../push-service/subscriber.ts';

export interface AudienceCounters {
  readonly received: number;
  readonly shown: number;
  readonly clicked: number;
  readonly dismissed: number;
  /** Pushes that could not be read, and receipts that the gateway did not take. */
  readonly failures: number;
  readonly lastFailure: string | null;
}

/** The residents' browsers: they receive real pushes, decrypt them, and their owners look, click or wipe away. */
export interface Audience {
  start(residents: readonly Resident[]): Promise<void>;
  counters(): AudienceCounters;
  stop(): Promise<void>;
}

export interface AudienceOptions {
  /** `ws://…` of the push service. */
  readonly pushServiceUrl: string;
  readonly vapidPublicKey: string;
  /** As staff: subscribes the browsers. */
  readonly api: GatewayApi;
  /** Without a token: receipts carry their own. */
  readonly publicApi: GatewayApi;
  readonly random: Random;
}

interface OfferPayload {
  readonly id: string;
  readonly token: string;
}

const LOOK_DELAY_MS = [400, 2500] as const;
const REACT_DELAY_MS = [1500, 9000] as const;
const WIPE_AWAY_CHANCE = 0.5;
/** Ids of shown offers that are remembered, as the service worker does: a repeated push is not shown again. */
const REMEMBERED = 2000;

export function createAudience({
  pushServiceUrl,
  vapidPublicKey,
  api,
  publicApi,
  random,
}: AudienceOptions): Audience {
  const connection = createPushConnection({ url: pushServiceUrl });
  const timers = new Set<NodeJS.Timeout>();
  const seen = new Set<string>();
  const counts = { received: 0, shown: 0, clicked: 0, dismissed: 0, failures: 0 };
  let lastFailure: string | null = null;
  let stopped = false;

  const fail = (error: unknown): void => {
    if (stopped) return;
    counts.failures += 1;
    lastFailure = reasonOf(error);
  };
  const later = (delayMs: number, act: () => Promise<void>): void => {
    if (stopped) return;
    const timer = setTimeout(() => {
      timers.delete(timer);
      act().catch(fail);
    }, delayMs);
    timers.add(timer);
  };
  const receipt = async (kind: 'shown' | 'clicked' | 'dismissed', token: string): Promise<void> => {
    await publicApi.call('POST', '/api/v1/receipts', { token, kind, at: Date.now() });
    counts[kind] += 1;
  };

  const receive = (resident: Resident, payload: unknown): void => {
    const offer = offerOf(payload);
    if (offer === null) {
      fail(new Error('a push without id and token'));
      return;
    }
    if (seen.has(offer.id)) return;
    seen.add(offer.id);
    const [oldest] = seen;
    if (seen.size > REMEMBERED && oldest !== undefined) seen.delete(oldest);
    counts.received += 1;
    if (!random.chance(resident.curiosity.looks)) return;
    later(random.between(...LOOK_DELAY_MS), async () => {
      await receipt('shown', offer.token);
      const clicks = random.chance(resident.curiosity.clicks);
      if (!clicks && !random.chance(WIPE_AWAY_CHANCE)) return;
      later(random.between(...REACT_DELAY_MS), () => receipt(clicks ? 'clicked' : 'dismissed', offer.token));
    });
  };

  return {
    async start(residents) {
      await connection.start();
      await inParallel(residents, async (resident) => {
        const browser = createSubscriber({
          connection,
          applicationServerKey: vapidPublicKey,
          onPayload: (payload) => receive(resident, payload),
          onUndecryptable: fail,
        });
        const subscription = await browser.subscribe();
        await api.call('POST', `/api/v1/consumers/${resident.id}/push-subscriptions`, subscription);
      });
    },
    counters: () => ({ ...counts, lastFailure }),
    async stop() {
      stopped = true;
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
      await connection.stop();
    },
  };
}

/** Id and token out of a push payload, or null. */
function offerOf(payload: unknown): OfferPayload | null {
  const { notification } = (payload ?? {}) as { notification?: { data?: Partial<OfferPayload> } };
  const { id, token } = notification?.data ?? {};
  return typeof id === 'string' && typeof token === 'string' ? { id, token } : null;
}

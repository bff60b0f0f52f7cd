import { createECDH, randomBytes } from 'node:crypto';
import { decryptMessage } from './message-decryption.ts';
import type { PushConnection } from './push-connection.ts';

/** As `PushSubscription.toJSON()` gives it: the body of POST …/push-subscriptions. Keys in base64url. */
export interface PushSubscriptionJson {
  readonly endpoint: string;
  readonly keys: { readonly p256dh: string; readonly auth: string };
}

export interface SubscriberOptions {
  /** Shared by as many subscribers as you like; started by its owner. */
  readonly connection: PushConnection;
  /** The gateway's `vapidPublicKey`, base64url. */
  readonly applicationServerKey: string;
  /** Called with each decrypted payload, parsed as JSON, as often as it arrives: once is for the caller to see to. */
  readonly onPayload: (payload: unknown) => void;
  /** Called for a message that cannot be decrypted or is not JSON. */
  readonly onUndecryptable?: (error: unknown) => void;
}

/** A simulated browser: keys of its own, a subscription at a push service, and the decryption that a browser does. */
export interface Subscriber {
  subscribe(): Promise<PushSubscriptionJson>;
  /** Ends the subscription; whoever posts to it gets 410. */
  unsubscribe(): Promise<void>;
}

export function createSubscriber(options: SubscriberOptions): Subscriber {
  const keys = createECDH('prime256v1');
  const auth = randomBytes(16);
  let channelId: string | null = null;

  function receive(body: Buffer): 'delivered' | 'cannot decrypt' {
    let payload: unknown;
    try {
      payload = JSON.parse(decryptMessage(body, { keys, auth }).toString());
    } catch (error) {
      options.onUndecryptable?.(error);
      return 'cannot decrypt';
    }
    options.onPayload(payload);
    return 'delivered';
  }

  return {
    async subscribe() {
      keys.generateKeys();
      const registered = await options.connection.register(options.applicationServerKey, receive);
      channelId = registered.channelId;
      return {
        endpoint: registered.endpoint,
        keys: { p256dh: keys.getPublicKey('base64url'), auth: auth.toString('base64url') },
      };
    },
    async unsubscribe() {
      if (channelId === null) return;
      await options.connection.unregister(channelId);
      channelId = null;
    },
  };
}

import type { Client, Subscription } from 'aedes';
import type { Access } from './access.ts';
import { connectionOf } from './connection.ts';
import type { DirectSends } from './direct-sends.ts';
import type { Entrance } from './entrance.ts';
import type { Faults } from './faults.ts';
import type { BrokerLimits } from './limits.ts';
import type { Links } from './links.ts';
import type { DurablePersistence } from './persistence/durable-persistence.ts';
import { QuietAedes } from './quiet-aedes.ts';
import type { SessionBounds } from './session-bounds.ts';

interface Parts {
  readonly limits: BrokerLimits;
  readonly persistence: DurablePersistence;
  readonly bounds: SessionBounds;
  readonly sends: DirectSends;
  readonly entrance: Entrance;
  readonly access: Access;
  readonly links: Links;
  readonly faults: Faults;
  /** @param subscriptions of one SUBSCRIBE, also those that were refused */
  onSubscribed(client: Client, subscriptions: readonly Subscription[]): void;
}

/** Aedes, with each of its hooks and events at the part of the broker that answers it. It does nothing before `listen`. */
export function wiredAedes(parts: Parts): QuietAedes {
  const { limits, persistence, bounds, sends, entrance, access, links, faults, onSubscribed } = parts;
  const aedes = new QuietAedes(
    {
      connectTimeout: limits.connectTimeoutMs,
      maxClientsIdLength: 128,
      preConnect: (client, packet, done) => entrance.preConnect(client, packet, done),
      authenticate: (client, username, password, done) =>
        entrance.authenticate(client, username, password, done),
      authorizePublish: (client, packet, done) => access.publish(client, packet, done),
      authorizeSubscribe: (client, subscription, done) =>
        access.subscribe(client, subscription, (error, granted) => {
          if (granted === null || granted === undefined) entrance.deny(client, subscription);
          done(error, granted);
        }),
      authorizeForward: (client, packet) =>
        links.comesByLink(client.id, packet.topic) ? null : access.forward(client, packet),
    },
    {
      persistence,
      bounds,
      sends,
      comesByLink: (clientId, topic) => links.comesByLink(clientId, topic),
      // Aedes publishes when its PUBACK has found room on the wire: the sender may be removed by then.
      isForNobody: (packet, sender) =>
        access.isForJournalAlone(packet) || (sender !== null && connectionOf(sender)?.isForgotten === true),
    },
  );
  aedes.on('client', (client: Client) => entrance.registered(client));
  aedes.on('clientReady', (client: Client) => entrance.loggedIn(client));
  aedes.on('subscribe', (subscriptions: Subscription[], client: Client) => {
    links.subscribed(client);
    onSubscribed(client, subscriptions);
  });
  aedes.on('unsubscribe', (filters: string[], client: Client) => {
    access.unsubscribed(client, filters);
    links.subscribed(client);
  });
  aedes.on('keepaliveTimeout', (client: Client) => links.ending(client, 'keep_alive'));
  aedes.on('clientError', (client: Client, error: Error) => faults.closedFor(client, error));
  aedes.on('connectionError', (client: Client, error: Error) => faults.closedFor(client, error));
  return aedes;
}

import type { AedesPublishPacket, Client, PublishPacket, Subscription } from 'aedes';
import type { AnswerIntake } from './answer-intake.ts';
import { type Connection, connectionOf, type Peer } from './connection.ts';
import { dialectOf } from './dialects.ts';
import type { BrokerLimits } from './limits.ts';
import type { Listeners } from './listeners.ts';
import { mayPublish, mayReceive, maySubscribe, telemetryDeviceOf } from './principal.ts';
import type { SpokenFor } from './spoken-for.ts';
import { TAKEN, type TelemetryIntake } from './telemetry-intake.ts';

type Done = (error?: Error | null) => void;

/** What a client may do once it is logged in; each method is one of Aedes' hooks. */
export class Access {
  readonly #intake: TelemetryIntake;
  readonly #answers: AnswerIntake;
  readonly #listeners: Listeners;
  readonly #spokenFor: SpokenFor;
  readonly #maxUnsentBytes: number;
  readonly #maxFilters: number;
  readonly #onDeniedSubscription: (userId: string | undefined) => void;
  denied = 0;
  /** Messages that subscribers missed because they did not read. */
  missed = 0;

  constructor(
    intake: TelemetryIntake,
    answers: AnswerIntake,
    listeners: Listeners,
    limits: BrokerLimits,
    spokenFor: SpokenFor,
    onDeniedSubscription: (userId: string | undefined) => void,
  ) {
    this.#intake = intake;
    this.#answers = answers;
    this.#listeners = listeners;
    this.#spokenFor = spokenFor;
    // Below the mark at which Aedes would begin to wait.
    this.#maxUnsentBytes = limits.maxUnsentBytes / 2;
    this.#maxFilters = limits.maxFiltersPerSession;
    this.#onDeniedSubscription = onDeniedSubscription;
  }

  /** Lets a message in, telemetry when the journal has it. An error closes the connection. */
  publish(client: Client | null, packet: PublishPacket, decided: Done): void {
    const connection = client === null ? null : connectionOf(client);
    const peer = connection?.peer;
    if (client === null || connection === null || peer === null || peer === undefined) {
      decided(new Error('not logged in'));
      return;
    }
    // Also of what was on its way to the journal meanwhile: nobody's session is to keep it.
    const done: Done = (error) => decided(connection.isForgotten ? new Error('the user was removed') : error);
    if (connection.isForgotten) {
      done();
      return;
    }
    // A retained message lives for ever, and command ids are without number: only the gateway retains.
    packet.retain = false;
    const shortenedFrom = shortenedFromOf(client, connection);
    if (packet.qos > 0 && packet.messageId === 0) {
      done(new Error('packet id 0 [MQTT-2.3.1-1]'));
    } else if (packet.topic === peer.telemetryTopic) {
      this.#intake.take(connection, peer, packet, shortenedFrom, !this.isHeard(peer.userId), done);
    } else {
      this.#publishFor(connection, peer, packet, shortenedFrom, done);
    }
  }

  /** Grants a subscription, or answers it with 0x80. Asked anew for those of a session that resumes. */
  subscribe(
    client: Client,
    subscription: Subscription,
    done: (error: Error | null, subscription?: Subscription | null) => void,
  ): void {
    const connection = connectionOf(client);
    const { peer } = connection;
    if (
      peer === null ||
      !maySubscribe(peer.principal, subscription.topic) ||
      !this.#hasRoom(connection, subscription.topic)
    ) {
      this.refused(client);
      // A session that resumes may have had it.
      if (peer !== null) this.#listeners.remove(peer.session.listening, subscription.topic);
      done(null, null);
      return;
    }
    this.#listeners.add(peer.session.listening, subscription.topic);
    done(null, subscription);
  }

  /** A subscription of a client is answered with 0x80. */
  refused(client: Client): void {
    this.denied += 1;
    this.#onDeniedSubscription(connectionOf(client).peer?.userId);
  }

  /** Notes a filter, unless the session has as many as it may: each costs memory here, and time whenever anybody publishes. */
  #hasRoom(connection: Connection, filter: string): boolean {
    connection.filters ??= new Set();
    if (connection.filters.size >= this.#maxFilters && !connection.filters.has(filter)) return false;
    connection.filters.add(filter);
    return true;
  }

  /** A client has given subscriptions up; also called for each that is left when it closes. */
  unsubscribed(client: Client, filters: readonly string[]): void {
    const { peer, filters: granted } = connectionOf(client);
    // A session that lasts goes on hearing while its device is away.
    if (peer === null || client.closed) return;
    for (const filter of filters) {
      granted?.delete(filter);
      this.#listeners.remove(peer.session.listening, filter);
    }
  }

  /** Whether anybody subscribed to a device's telemetry. */
  isHeard(deviceId: string): boolean {
    return this.#listeners.anyoneListens(deviceId);
  }

  /** What is sent to a client, also from the queue of a session that another user may have had before. */
  forward(client: Client, packet: AedesPublishPacket): AedesPublishPacket | null {
    const connection = connectionOf(client);
    const { peer } = connection;
    if (peer === null || !mayReceive(peer.principal, packet.topic)) return null;
    return connection.unsentBytes > this.#maxUnsentBytes ? this.#forSlow(client, connection, packet) : packet;
  }

  /**
   * Aedes would wait for a subscriber that does not read, and all others with it. So it misses what may be missed; else it
   * is disconnected, and its session keeps the message.
   */
  #forSlow(client: Client, connection: Connection, packet: AedesPublishPacket): AedesPublishPacket | null {
    const { subscriptions } = client as unknown as { subscriptions: Record<string, { qos?: number }> };
    if (packet.qos === 0 || Object.values(subscriptions).every(({ qos }) => qos === 0)) {
      this.missed += 1;
      return null;
    }
    connection.destroy(new Error('too much waits for a subscriber that does not read'));
    return packet;
  }

  /** Whether a message needs no publishing, because the journal was all that it was for. */
  isForJournalAlone(packet: PublishPacket): boolean {
    return packet.payload === TAKEN;
  }

  /** What a service account says for a device, or a device in its dialect, is that device's telemetry, and kept like it. */
  #publishFor(
    connection: Connection,
    peer: Peer,
    packet: PublishPacket,
    shortenedFrom: number,
    done: Done,
  ): void {
    const { principal } = peer;
    const { topic, payload } = packet;
    const takeOrPass = (deviceId: string | null) => {
      if (deviceId === null) this.#pass(connection, peer, packet, shortenedFrom, done);
      else this.#takeFor(connection, peer, packet, shortenedFrom, deviceId, done);
    };
    const deviceId = telemetryDeviceOf(principal, topic);
    if (principal.kind === 'device' || !mayPublish(principal, topic)) takeOrPass(deviceId);
    else
      this.#spokenFor.take(
        connection,
        topic,
        payload.length,
        (registered) => takeOrPass(deviceId ?? registered),
        done,
      );
  }

  #takeFor(
    connection: Connection,
    peer: Peer,
    packet: PublishPacket,
    shortenedFrom: number,
    deviceId: string,
    done: Done,
  ): void {
    const speaker = { ...peer, userId: deviceId };
    const dialect = dialectOf(packet.topic);
    const isHeard = dialect === null ? this.isHeard(deviceId) : dialect.aliasForm !== null;
    this.#intake.take(connection, speaker, packet, shortenedFrom, !isHeard, done);
  }

  /** Lets through what is no telemetry; answers when they are kept. */
  #pass(connection: Connection, peer: Peer, packet: PublishPacket, shortenedFrom: number, done: Done): void {
    if (shortenedFrom === 0 && mayPublish(peer.principal, packet.topic)) {
      if (!this.#answers.take(connection, peer, packet, done)) done(null);
      return;
    }
    this.denied += 1;
    done(new Error('publish to a topic that the user may not use'));
  }
}

/** A will comes when the connection is closed, and was never counted by the frame scanner. */
function shortenedFromOf(client: Client, connection: Connection): number {
  return client.closed ? 0 : connection.frames.shortenedFrom(connection.publishes++);
}

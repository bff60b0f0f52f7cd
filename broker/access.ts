import type { AedesPublishPacket, Client, PublishPacket, Subscription } from 'aedes';
import { type Connection, connectionOf } from './connection.ts';
import { TAKEN, type TelemetryIntake } from './telemetry-intake.ts';
import { coversTelemetry, mayPublish, maySubscribe, parseDeviceTopic } from './topics.ts';

/** What a client may do once it is logged in; each method is one of Aedes' hooks. */
export class Access {
  readonly #intake: TelemetryIntake;
  readonly #onDeniedSubscription: (userId: string | undefined) => void;
  /** Users of whom some session subscribed to their own telemetry; everybody else's is for the journal alone. */
  readonly #listeningUsers = new Set<string>();
  denied = 0;

  constructor(intake: TelemetryIntake, onDeniedSubscription: (userId: string | undefined) => void) {
    this.#intake = intake;
    this.#onDeniedSubscription = onDeniedSubscription;
  }

  /** Lets a message in, telemetry when the journal has it. An error closes the connection. */
  publish(client: Client | null, packet: PublishPacket, done: (error?: Error | null) => void): void {
    const connection = client === null ? null : connectionOf(client);
    const peer = connection?.peer;
    if (client === null || connection === null || peer === null || peer === undefined) {
      done(new Error('not logged in'));
      return;
    }
    // A retained message lives for ever, and command ids are without number: only the gateway retains.
    packet.retain = false;
    const shortenedFrom = shortenedFromOf(client, connection);
    if (packet.qos > 0 && packet.messageId === 0) {
      done(new Error('packet id 0 [MQTT-2.3.1-1]'));
    } else if (packet.topic === peer.telemetryTopic) {
      this.#intake.take(
        connection,
        peer,
        packet,
        shortenedFrom,
        !this.#listeningUsers.has(peer.userId),
        done,
      );
    } else if (shortenedFrom === 0 && mayPublish(peer.userId, packet.topic)) {
      done(null);
    } else {
      this.denied += 1;
      done(new Error('publish to a topic that the device may not use'));
    }
  }

  /** Grants a subscription, or answers it with 0x80. Asked anew for those of a session that resumes. */
  subscribe(
    client: Client,
    subscription: Subscription,
    done: (error: Error | null, subscription?: Subscription | null) => void,
  ): void {
    const userId = connectionOf(client).peer?.userId;
    if (userId === undefined || !maySubscribe(userId, subscription.topic)) {
      this.denied += 1;
      this.#onDeniedSubscription(userId);
      done(null, null);
      return;
    }
    if (coversTelemetry(subscription.topic)) this.#listeningUsers.add(userId);
    done(null, subscription);
  }

  /** What is sent to a client, also from the queue of a session that another user may have had before. */
  forward(client: Client, packet: AedesPublishPacket): AedesPublishPacket | null {
    return parseDeviceTopic(packet.topic)?.deviceId === connectionOf(client).peer?.userId ? packet : null;
  }

  /** Whether a message needs no publishing, because the journal was all that it was for. */
  isForJournalAlone(packet: PublishPacket): boolean {
    return packet.payload === TAKEN;
  }
}

/** A will comes when the connection is closed, and was never counted by the frame scanner. */
function shortenedFromOf(client: Client, connection: Connection): number {
  return client.closed ? 0 : connection.frames.shortenedFrom(connection.publishes++);
}

import type { AuthenticateError, Client, ConnectPacket, Subscription } from 'aedes';
import type { Access } from './access.ts';
import { connectionOf } from './connection.ts';
import { ExpressLane } from './express-lane.ts';
import type { Links } from './links.ts';
import type { Login } from './login.ts';
import { goOnBehind } from './packet-ids.ts';
import { violationOfConnect } from './packet-rules.ts';
import type { PeerPace } from './peer-pace.ts';
import type { DurablePersistence } from './persistence/durable-persistence.ts';
import type { TelemetryIntake } from './telemetry-intake.ts';

interface Ports {
  readonly login: Login;
  readonly persistence: DurablePersistence;
  readonly links: Links;
  readonly pace: PeerPace;
  readonly intake: TelemetryIntake;
  readonly access: Access;
  /** Ends the session of a client that is away. */
  forgetSession(clientId: string): Promise<void>;
  /** @param what one of a fixed set of texts: what could not be done */
  onUnexpected(what: string, error: unknown): void;
}

/** From CONNECT to the first packet behind it, and what a session that resumes may not take along. */
export class Entrance {
  readonly #ports: Ports;
  /** Subscriptions that were refused, though Aedes stores them with those of their packet that were not. */
  readonly #denied = new WeakSet<object>();

  constructor(ports: Ports) {
    this.#ports = ports;
  }

  preConnect(
    client: Client,
    packet: ConnectPacket,
    done: (error: Error | null, success: boolean) => void,
  ): void {
    const violation = violationOfConnect(packet);
    if (violation === null) this.#ports.login.inspect(connectionOf(client), packet);
    done(violation === null ? null : new Error(violation), violation === null);
  }

  authenticate(
    client: Client,
    username: string | undefined,
    password: Buffer | undefined,
    done: (error: AuthenticateError | null, success: boolean | null) => void,
  ): void {
    const { login, forgetSession, onUnexpected } = this.#ports;
    const refuse = (why: string, returnCode: number): void =>
      done(Object.assign(new Error(why), { returnCode }) as AuthenticateError, false);
    login.authenticate(connectionOf(client), client, username, password).then(
      ({ outcome, forgotten }) => {
        if (outcome !== 0) {
          refuse(LOGIN_REFUSED, outcome);
          return;
        }
        if (forgotten !== null)
          forgetSession(forgotten).catch((error: unknown) =>
            onUnexpected('a session that made room could not be ended', error),
          );
        done(null, true);
      },
      (error: unknown) => {
        onUnexpected('the broker could not look up a login', error);
        refuse('login impossible', 3);
      },
    );
  }

  /** The session is this client's from now on; a CONNECT that failed before has changed nothing of it. */
  registered(client: Client): void {
    const { peer } = connectionOf(client);
    if (peer === null) return;
    const { persistence } = this.#ports;
    const { session, userId } = peer;
    session.clean = client.clean;
    if (client.clean) {
      // It knows nothing of messages before it [MQTT-3.1.2-6].
      session.unreleased.clear();
      persistence.owners.disown(client.id);
      return;
    }
    persistence.owners.own(client.id, userId, session.seenAt);
    const lastPacketId = persistence.lastPacketId(client);
    if (lastPacketId !== null) goOnBehind(client, lastPacketId);
  }

  isDenied(subscription: object): boolean {
    return this.#denied.has(subscription);
  }

  /** What a session that resumes may not hear any more is dropped, or messages would wait there that never leave. */
  deny(client: Client, subscription: Subscription): void {
    this.#denied.add(subscription);
    if (client.connected || client.clean) return;
    const { persistence, onUnexpected } = this.#ports;
    persistence
      .removeSubscriptions(client, [subscription.topic])
      .catch((error: unknown) =>
        onUnexpected('a subscription that is not granted any more could not be removed', error),
      );
  }

  loggedIn(client: Client): void {
    const { links, pace, intake, access } = this.#ports;
    const connection = connectionOf(client);
    // It has hung up while it logged in: its end has been told already, and would be told no more.
    if (connection.destroyed) return;
    const { peer } = connection;
    if (peer !== null) {
      links.opened(client, peer);
      connection.pace = pace.of(peer.userId, connection.address);
      if (peer.principal.kind === 'device')
        connection.lane = new ExpressLane(connection, peer, intake, () => access.isHeard(peer.userId));
    }
    connection.loggedIn();
  }
}

/** Told by its text: Aedes hands it on as the error that the connection was closed for. */
export const LOGIN_REFUSED = 'login refused';

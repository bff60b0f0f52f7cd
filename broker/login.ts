import type { Client, ConnectPacket } from 'aedes';
import type { Connection } from './connection.ts';
import { verifyToken } from './credentials.ts';
import type { LimitedLog } from './limited-log.ts';
import type { Listeners } from './listeners.ts';
import type { BrokerPorts } from './ports.ts';
import { mayPublish, type Principal } from './principal.ts';
import type { Session, Sessions } from './sessions.ts';
import { isValidId, telemetryTopic } from './topics.ts';

/** CONNACK codes of MQTT 3.1.1 §3.2.2.3 that a login can end with; 0 lets in. */
export type LoginOutcome = 0 | 2 | 3 | 5;

export interface LoginResult {
  readonly outcome: LoginOutcome;
  /** Client id whose session was forgotten to make room, or null. */
  readonly forgotten: string | null;
}

const REFUSED = { outcome: 5, forgotten: null } as const;

/** Who may come in, and as whom. */
export class Login {
  readonly #ports: BrokerPorts;
  readonly #sessions: Sessions;
  readonly #listeners: Listeners;
  readonly #log: LimitedLog;
  failures = 0;

  constructor(ports: BrokerPorts, sessions: Sessions, listeners: Listeners, log: LimitedLog) {
    this.#ports = ports;
    this.#sessions = sessions;
    this.#listeners = listeners;
    this.#log = log;
  }

  /** Looks at a CONNECT before Aedes does. */
  inspect(connection: Connection, packet: ConnectPacket): void {
    // Aedes would give an id to a session that is to last, which its client could never name again [MQTT-3.1.3-8].
    const idIsFine = packet.clientId === '' ? packet.clean === true : isValidId(packet.clientId);
    connection.refusal = idIsFine ? null : 2;
    connection.willTopic = packet.will?.topic ?? null;
  }

  async authenticate(
    connection: Connection,
    client: Client,
    username: string | undefined,
    password: Buffer | undefined,
  ): Promise<LoginResult> {
    if (connection.refusal !== null) {
      return this.#refuse({ outcome: connection.refusal, forgotten: null }, 'login refused: client id', {});
    }
    const principal = await this.#principalOf(username, password);
    if (principal === null || connection.destroyed) return REFUSED;
    const userId = principal.id;
    if (connection.willTopic !== null && !mayPublish(principal, connection.willTopic)) {
      return this.#refuse(REFUSED, 'login refused: the will has a topic that the device may not use', {
        userId,
      });
    }
    const claim = this.#sessions.claim(client.id, userId);
    if (claim === 'foreign') {
      return this.#refuse(
        { outcome: 2, forgotten: null },
        'login refused: the client id is that of another user',
        { userId },
      );
    }
    if (claim === 'too_many') {
      return this.#refuse(
        { outcome: 3, forgotten: null },
        'login refused: the device has too many connections',
        { userId },
      );
    }
    const { session, forgotten } = claim;
    // [MQTT-3.1.2-6]: a clean session knows nothing of messages before it.
    if (client.clean) session.unreleased.clear();
    session.clean = client.clean;
    session.connections += 1;
    if (forgotten !== null) this.#ended(forgotten);
    connection.peer = {
      principal,
      userId,
      telemetryTopic: principal.kind === 'device' ? telemetryTopic(userId) : '',
      session,
    };
    return { outcome: 0, forgotten: forgotten?.clientId ?? null };
  }

  /** A connection has closed. */
  left(connection: Connection): void {
    if (connection.peer === null) return;
    const { session } = connection.peer;
    session.connections -= 1;
    if (session.clean && session.connections === 0) this.#ended(session);
  }

  #ended(session: Session): void {
    this.#listeners.clear(session.listening);
  }

  async #principalOf(username: string | undefined, password: Buffer | undefined): Promise<Principal | null> {
    if (username !== undefined && (password === undefined || password.length === 0)) {
      const principal = (await this.#ports.findUserByToken?.(username)) ?? null;
      // The name may be a secret here, so the log goes without it.
      if (principal === null)
        this.#refuse(REFUSED, 'login refused: no password, and no known token as user name', {});
      return principal;
    }
    if (username === undefined || password === undefined || !isValidId(username)) {
      this.#refuse(REFUSED, 'login refused: no user name, or one that is no device id', {});
      return null;
    }
    const user = await this.#ports.findUser(username);
    if (user === null) {
      // Firmware sometimes swaps the two, so an unknown name is not logged either.
      this.#refuse(REFUSED, 'login refused: unknown device', {});
      return null;
    }
    const token = password.toString('utf8');
    if (user.tokenHashes.some((hash) => verifyToken(token, hash))) return user.principal;
    this.#refuse(REFUSED, 'login refused: wrong token', { userId: username });
    return null;
  }

  #refuse(result: LoginResult, message: string, fields: object): LoginResult {
    this.failures += 1;
    this.#log.write((all, text) => this.#ports.log.warn(all, text), message, fields);
    return result;
  }
}

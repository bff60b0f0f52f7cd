import type { Client, ConnectPacket } from 'aedes';
import type { Connection } from './connection.ts';
import { verifyToken } from './credentials.ts';
import type { LimitedLog } from './limited-log.ts';
import type { BrokerPorts } from './ports.ts';
import type { Sessions } from './sessions.ts';
import { isValidId, mayPublish, telemetryTopic } from './topics.ts';

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
  readonly #log: LimitedLog;
  failures = 0;

  constructor(ports: BrokerPorts, sessions: Sessions, log: LimitedLog) {
    this.#ports = ports;
    this.#sessions = sessions;
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
    const userId = await this.#userOf(username, password);
    if (userId === null || connection.destroyed) return REFUSED;
    if (connection.willTopic !== null && !mayPublish(userId, connection.willTopic)) {
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
    session.connections += 1;
    connection.peer = { userId, telemetryTopic: telemetryTopic(userId), session };
    return { outcome: 0, forgotten: forgotten?.clientId ?? null };
  }

  /** A connection has closed. */
  left(connection: Connection): void {
    if (connection.peer !== null) connection.peer.session.connections -= 1;
  }

  async #userOf(username: string | undefined, password: Buffer | undefined): Promise<string | null> {
    if (username !== undefined && (password === undefined || password.length === 0)) {
      const userId = (await this.#ports.findUserByToken?.(username)) ?? null;
      // The name may be a secret here, so the log goes without it.
      if (userId === null)
        this.#refuse(REFUSED, 'login refused: no password, and no known token as user name', {});
      return userId;
    }
    if (username === undefined || password === undefined || !isValidId(username)) {
      this.#refuse(REFUSED, 'login refused: no user name, or one that is no device id', {});
      return null;
    }
    const hash = await this.#ports.findTokenHash(username);
    if (hash === null) {
      // Firmware sometimes swaps the two, so an unknown name is not logged either.
      this.#refuse(REFUSED, 'login refused: unknown device', {});
      return null;
    }
    if (verifyToken(password.toString('utf8'), hash)) return username;
    this.#refuse(REFUSED, 'login refused: wrong token', { userId: username });
    return null;
  }

  #refuse(result: LoginResult, message: string, fields: object): LoginResult {
    this.failures += 1;
    this.#log.write((all, text) => this.#ports.log.warn(all, text), message, fields);
    return result;
  }
}

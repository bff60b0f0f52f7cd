import type { Client, ConnectPacket } from 'aedes';
import type { Connection, Peer } from './connection.ts';
import { verifyToken } from './credentials.ts';
import type { LimitedLog } from './limited-log.ts';
import type { Listeners } from './listeners.ts';
import { LoginBackoff } from './login-backoff.ts';
import type { BrokerPorts } from './ports.ts';
import { mayPublish } from './principal.ts';
import type { Session, Sessions } from './sessions.ts';
import { isValidId, telemetryTopic } from './topics.ts';

/** CONNACK codes of MQTT 3.1.1 §3.2.2.3 that a login can end with; 0 lets in. */
export type LoginOutcome = 0 | 2 | 3 | 5;

export interface LoginResult {
  readonly outcome: LoginOutcome;
  /** Client id whose session was forgotten to make room, or null. */
  readonly forgotten: string | null;
}

type Identified = Pick<Peer, 'principal' | 'credential' | 'userId'>;
/** Whose connections are to end. */
export type IsMeant = (peer: Identified) => boolean;

const REFUSED = { outcome: 5, forgotten: null } as const;

/** Who may come in, and as whom. */
export class Login {
  readonly #ports: BrokerPorts;
  readonly #sessions: Sessions;
  readonly #listeners: Listeners;
  readonly #log: LimitedLog;
  readonly #backoff: LoginBackoff;
  /** What was taken back during each login that is under way: the records may have been asked before it. */
  readonly #underWay = new Set<IsMeant[]>();
  failures = 0;

  constructor(ports: BrokerPorts, sessions: Sessions, listeners: Listeners, log: LimitedLog) {
    this.#ports = ports;
    this.#sessions = sessions;
    this.#listeners = listeners;
    this.#log = log;
    this.#backoff = new LoginBackoff(ports.realNow);
  }

  /** Looks at a CONNECT before Aedes does. */
  inspect(connection: Connection, packet: ConnectPacket): void {
    // Aedes would give an id to a session that is to last, which its client could never name again [MQTT-3.1.3-8].
    const idIsFine = packet.clientId === '' ? packet.clean === true : isValidId(packet.clientId);
    connection.refusal = idIsFine ? null : 2;
    connection.willTopic = packet.will?.topic ?? null;
  }

  /** Looks who it is, and makes the connection theirs. */
  async authenticate(
    connection: Connection,
    client: Client,
    username: string | undefined,
    password: Buffer | undefined,
  ): Promise<LoginResult> {
    const takenBack: IsMeant[] = [];
    this.#underWay.add(takenBack);
    try {
      return await this.#authenticate(connection, client, username, password, takenBack);
    } finally {
      this.#underWay.delete(takenBack);
    }
  }

  /** Connections of whoever is meant were closed: who is about to become one of them is not let in. */
  tookBack(isMeant: IsMeant): void {
    for (const takenBack of this.#underWay) takenBack.push(isMeant);
  }

  async #authenticate(
    connection: Connection,
    client: Client,
    username: string | undefined,
    password: Buffer | undefined,
    takenBack: readonly IsMeant[],
  ): Promise<LoginResult> {
    if (connection.refusal !== null) {
      return this.#refuse({ outcome: connection.refusal, forgotten: null }, 'login refused: client id', {});
    }
    const name = username ?? '';
    if (this.#backoff.isResting(connection.address, name))
      return this.#refuse(REFUSED, 'login refused unseen: too many failed before it', {
        address: connection.address,
      });
    const known = await this.#identify(connection, username, password);
    if (known === null) this.#backoff.failed(connection.address, name);
    else this.#backoff.succeeded(connection.address, name);
    if (known === null || connection.destroyed) return REFUSED;
    const { principal, credential, userId } = known;
    if (connection.willTopic !== null && !mayPublish(principal, connection.willTopic)) {
      return this.#refuse(REFUSED, 'login refused: the will has a topic that the device may not use', {
        userId,
      });
    }
    const isForeign = await this.#isNameOfAnother(client.id, userId);
    if (connection.destroyed) return REFUSED;
    if (takenBack.some((isMeant) => isMeant(known))) {
      return this.#refuse({ outcome: 3, forgotten: null }, 'login refused: the user was changed meanwhile', {
        userId,
      });
    }
    const claim = isForeign ? 'foreign' : this.#sessions.claim(client.id, userId);
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
    session.connections += 1;
    session.seenAt = this.#ports.realNow();
    if (forgotten !== null) this.#ended(forgotten);
    connection.peer = {
      principal,
      credential,
      userId,
      telemetryTopic: principal.kind === 'device' ? telemetryTopic(userId) : '',
      session,
    };
    return { outcome: 0, forgotten: forgotten?.clientId ?? null };
  }

  /** Devices mostly take their own id as client id: nobody else may have it before them, and keep them out. */
  async #isNameOfAnother(clientId: string, userId: string): Promise<boolean> {
    if (clientId === userId || this.#sessions.find(clientId) !== null) return false;
    return (await this.#ports.findUser(clientId)) !== null;
  }

  /** A connection has closed. */
  left(connection: Connection): void {
    if (connection.peer === null) return;
    const { session } = connection.peer;
    session.connections -= 1;
    session.seenAt = this.#ports.realNow();
    if (session.clean && session.connections === 0) this.#ended(session);
  }

  #ended(session: Session): void {
    this.#listeners.clear(session.listening);
  }

  /** Who it is, by certificate, by user name and token, or by the token alone; null where that is refused. */
  async #identify(
    connection: Connection,
    username: string | undefined,
    password: Buffer | undefined,
  ): Promise<Identified | null> {
    if (connection.certifiedName !== null) return this.#byCertificate(connection.certifiedName, username);
    if (username === undefined) return this.#deny('no user name, or one that is no device id');
    if (password === undefined || password.length === 0) {
      const name = (await this.#ports.findUserByToken?.(username)) ?? null;
      // The name may be a secret here, so the log goes without it.
      return name === null
        ? this.#deny('no password, and no known token as user name')
        : this.#byToken(name, username);
    }
    if (!isValidId(username)) return this.#deny('no user name, or one that is no device id');
    return this.#byToken(username, password.toString('utf8'));
  }

  async #byToken(name: string, token: string): Promise<Identified | null> {
    const user = await this.#ports.findUser(name);
    const hash = user?.tokenHashes.find((one) => verifyToken(token, one));
    if (user !== null && hash !== undefined) {
      if (user.awaitsToken === true) await this.#ports.ownTokenUsed?.(name);
      return { principal: user.principal, credential: { kind: 'token', hash }, userId: name };
    }
    if (user === null || user.awaitsToken === true) {
      const fleetKey = (await this.#ports.provision?.(name, token)) ?? null;
      if (fleetKey !== null)
        return {
          principal: { kind: 'device', id: name },
          credential: { kind: 'fleet-key', id: fleetKey },
          userId: name,
        };
    }
    // Firmware sometimes swaps the two, so an unknown name is not logged either.
    return user === null ? this.#deny('unknown device') : this.#deny('wrong token', { userId: name });
  }

  async #byCertificate(name: string, username: string | undefined): Promise<Identified | null> {
    if (username !== undefined && username !== '' && username !== name)
      return this.#deny('the user name is not the one of the client certificate', { certificate: name });
    const user = isValidId(name) ? await this.#ports.findUser(name) : null;
    if (user?.principal.kind !== 'device')
      return this.#deny('the client certificate names no device that is registered and not revoked', {
        certificate: name,
      });
    return { principal: user.principal, credential: { kind: 'certificate' }, userId: name };
  }

  #deny(why: string, fields: object = {}): null {
    this.#refuse(REFUSED, `login refused: ${why}`, fields);
    return null;
  }

  #refuse(result: LoginResult, message: string, fields: object): LoginResult {
    this.failures += 1;
    this.#log.write((all, text) => this.#ports.log.warn(all, text), message, fields);
    return result;
  }
}

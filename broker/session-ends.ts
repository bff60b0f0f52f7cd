import { aliasesOfTopic } from './dialects.ts';
import type { Listeners } from './listeners.ts';
import type { DurablePersistence } from './persistence/durable-persistence.ts';
import type { QuietAedes } from './quiet-aedes.ts';
import type { Session, Sessions } from './sessions.ts';
import { parseDeviceTopic } from './topics.ts';

interface Ports {
  readonly sessions: Sessions;
  readonly listeners: Listeners;
  readonly persistence: DurablePersistence;
  readonly aedes: QuietAedes;
}

/** Ends sessions that nobody is connected to, here and on disk: one that is over, or all of a user who is removed. */
export class SessionEnds {
  readonly #ports: Ports;

  constructor(ports: Ports) {
    this.#ports = ports;
  }

  /**
   * What waits in it for a device is no command: those are kept elsewhere, and have an end of their own.
   *
   * @returns whether it was still there
   */
  async end(session: Session): Promise<boolean> {
    const { sessions, listeners, persistence, aedes } = this.#ports;
    const { clientId } = session;
    if (sessions.find(clientId) !== session) return false;
    sessions.remove(session);
    listeners.clear(session.listening);
    try {
      await aedes.forgetSession(clientId);
    } finally {
      // What was on its way to the disk for it, or could not be deleted; unless it has begun anew meanwhile.
      await persistence.enqueued();
      if (sessions.find(clientId) === null) await aedes.forgetSession(clientId);
    }
    return true;
  }

  /**
   * Its connections are closed by now.
   *
   * @param aliases what the user is called in dialects
   */
  async endAllOf(userId: string, aliases: readonly string[]): Promise<void> {
    const { sessions, listeners, persistence, aedes } = this.#ports;
    const ended = sessions.removeAll(userId);
    for (const session of ended) {
      listeners.clear(session.listening);
      await aedes.forgetSession(session.clientId);
    }
    const clientIds = new Set(ended.map(({ clientId }) => clientId));
    await aedes.forgetMessages(
      ({ topic = '', clientId = '' }) =>
        clientIds.has(clientId) ||
        parseDeviceTopic(topic)?.deviceId === userId ||
        aliasesOfTopic(topic).some((alias) => aliases.includes(alias)),
    );
    await persistence.forgetWills(clientIds);
  }
}

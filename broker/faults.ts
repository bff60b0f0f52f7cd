import type { Client } from 'aedes';
import { connectionOf } from './connection.ts';
import { LOGIN_REFUSED } from './entrance.ts';
import type { Links } from './links.ts';
import { isUnfinished } from './unfinished-connect.ts';

/** Tells what was somebody's fault from what is no news, where Aedes closes a connection for an error. */
export class Faults {
  readonly #links: Links;
  readonly #warn: (message: string, fields: object) => void;
  /** Connections closed for breaking the protocol or its limits. */
  count = 0;

  constructor(links: Links, warn: (message: string, fields: object) => void) {
    this.#links = links;
    this.#warn = warn;
  }

  closedFor(client: Client, error: Error): void {
    // Refused logins are logged where they are refused; a connection that simply broke is no news.
    if (isNetworkError(error) || error.message === LOGIN_REFUSED) return;
    const { userId } = connectionOf(client).peer ?? {};
    if (isUnfinished(client)) {
      // Who hung up before CONNACK is no news either.
      if (!client.closed)
        this.#warn('login refused: it could not be finished', { userId, reason: error.message });
      return;
    }
    this.#links.ending(client, 'protocol_error');
    this.count += 1;
    this.#warn('MQTT connection closed', { userId, reason: error.message });
  }
}

function isNetworkError(error: Error): boolean {
  return 'code' in error && typeof error.code === 'string' && /^E[A-Z]+$|^ERR_STREAM/.test(error.code);
}

import type { Connection } from './connection.ts';
import { aliasesOfTopic } from './dialects.ts';
import type { InFlight } from './in-flight.ts';
import { KnownDevices } from './known-devices.ts';
import type { BrokerPorts } from './ports.ts';

/**
 * Finds the device that a service account speaks for in a dialect: whoever is registered there. The records may have to be
 * asked, and all that the connection sends meanwhile waits behind that, for messages of one sender build on one another.
 */
export class SpokenFor {
  readonly #find: NonNullable<BrokerPorts['findByAliases']>;
  readonly #inFlight: InFlight;
  readonly #known: KnownDevices;
  /** The end of the queue of each connection that has to wait. */
  readonly #last = new WeakMap<Connection, Promise<void>>();

  constructor(ports: Pick<BrokerPorts, 'findByAliases' | 'realNow' | 'registrations'>, inFlight: InFlight) {
    this.#find = ports.findByAliases ?? (async () => null);
    this.#inFlight = inFlight;
    this.#known = new KnownDevices(ports.realNow, ports.registrations ?? (() => 0));
  }

  /**
   * @param bytes of the payload, which is held meanwhile
   * @param found given the device's id, or null where the topic is nobody's; at once where nothing has to be waited for
   * @param failed the records could not be asked
   */
  take(
    connection: Connection,
    topic: string,
    bytes: number,
    found: (deviceId: string | null) => void,
    failed: (error: Error) => void,
  ): void {
    const before = this.#last.get(connection);
    const device = this.#deviceOf(topic);
    if (before === undefined && device !== undefined) {
      found(device);
      return;
    }
    this.#inFlight.add(connection, bytes);
    const looked = (before ?? Promise.resolve()).then(() => this.#lookUp(topic));
    this.#last.set(connection, looked);
    const over = () => {
      this.#inFlight.remove(connection, bytes, 1);
      if (this.#last.get(connection) === looked) this.#last.delete(connection);
    };
    looked.then(
      () => {
        over();
        found(this.#deviceOf(topic) ?? null);
      },
      (error: Error) => {
        over();
        failed(error);
      },
    );
  }

  /** Undefined where the records have to be asked. */
  #deviceOf(topic: string): string | null | undefined {
    return aliasesOfTopic(topic).length === 0 ? null : this.#known.deviceOf(topic);
  }

  async #lookUp(topic: string): Promise<void> {
    while (this.#deviceOf(topic) === undefined)
      await this.#known.lookUp(topic, () => this.#find(aliasesOfTopic(topic)));
  }
}

import { Aedes, type AedesOptions, type Client, type PublishPacket } from 'aedes';
import type { SessionBounds, SessionStore } from './session-bounds.ts';

type Done = (error?: Error) => void;
type Publish = (packet: PublishPacket, client: Client | Done | null, done?: Done) => void;

/**
 * Aedes that does not publish what `isForNobody` names. Its fan-out (matching, retained store, offline queues) costs more
 * than all else together, and telemetry is taken in process: 40 k to 70 k messages a second, measured. What it keeps of
 * sessions has bounds.
 */
export class QuietAedes extends Aedes {
  readonly #isForNobody: (packet: PublishPacket) => boolean;
  readonly #bounds: SessionBounds;

  constructor(options: AedesOptions, bounds: SessionBounds, isForNobody: (packet: PublishPacket) => boolean) {
    super(options);
    this.#bounds = bounds;
    this.#isForNobody = isForNobody;
  }

  override async listen(): Promise<void> {
    await super.listen();
    this.#bounds.bound(this.#store());
  }

  /** Aedes calls it with the client between packet and callback, which its typings leave out. */
  override publish(packet: PublishPacket, client: Client | Done | null, done?: Done): void {
    if (this.#isForNobody(packet)) {
      (typeof client === 'function' ? client : done)?.();
      return;
    }
    (super.publish as Publish).call(this, packet, client, done);
  }

  /** Ends the session of a client that is away. */
  async forgetSession(clientId: string): Promise<void> {
    await this.#bounds.forget(this.#store(), clientId);
  }

  /** Made by Aedes when it begins to listen. */
  #store(): SessionStore {
    return (this as unknown as { persistence: SessionStore }).persistence;
  }
}

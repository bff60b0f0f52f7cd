/** Somebody of whose packet only a part has come, which the parser gathers in memory. */
export interface Sender {
  destroy(error: Error): unknown;
}

interface Part {
  readonly bytes: number;
  readonly packet: number;
}

/**
 * Bounds what is held of half-received packets by all connections together. Where it is too much, the one who has been at
 * its packet for longest is disconnected: a packet that is on its way arrives, one that is held back does not.
 */
export class HalfReceived {
  readonly #maxBytes: number;
  /** In the order in which the packets began. */
  readonly #parts = new Map<Sender, Part>();
  #totalBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get totalBytes(): number {
    return this.#totalBytes;
  }

  /**
   * @param bytes what has come of the sender's present packet, 0 between packets
   * @param packet its number in the connection
   */
  note(sender: Sender, bytes: number, packet: number): void {
    const before = this.#parts.get(sender);
    if (before === undefined && bytes === 0) return;
    this.#totalBytes += bytes - (before?.bytes ?? 0);
    if (before?.packet !== packet || bytes === 0) this.#parts.delete(sender);
    if (bytes > 0) this.#parts.set(sender, { bytes, packet });
    while (this.#totalBytes > this.#maxBytes) {
      const [slowest] = this.#parts.keys();
      if (slowest === undefined) return;
      this.forget(slowest);
      slowest.destroy(new Error('too much is held of packets that have not come whole'));
    }
  }

  forget(sender: Sender): void {
    this.#totalBytes -= this.#parts.get(sender)?.bytes ?? 0;
    this.#parts.delete(sender);
  }
}

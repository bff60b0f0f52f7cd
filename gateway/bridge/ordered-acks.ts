import { Buffer } from 'node:buffer';

/** Fixed header and length of a PUBACK; the packet id follows. MQTT 5 §3.4.2.1 lets the reason code out where it is 0. */
const PUBACK = 0x40;
const PUBACK_REST = 2;
const PUBACK_BYTES = 4;

interface Awaited {
  readonly packetId: number;
  kept: boolean;
}

/**
 * PUBACKs of one connection, in the order in which the messages came [MQTT-4.6.0-2], each not before its message is kept.
 * What became due in one turn leaves as one write.
 */
export class OrderedAcks {
  readonly #write: (bytes: Buffer) => void;
  readonly #queue: Awaited[] = [];
  #planned = false;

  constructor(write: (bytes: Buffer) => void) {
    this.#write = write;
  }

  /** Messages that were taken and are not acknowledged yet. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** Notes a message that came. Returns what to call when it is kept. */
  expect(packetId: number): () => void {
    const awaited: Awaited = { packetId, kept: false };
    this.#queue.push(awaited);
    return () => {
      awaited.kept = true;
      if (this.#planned || this.#queue[0] !== awaited) return;
      this.#planned = true;
      queueMicrotask(() => this.#flush());
    };
  }

  #flush(): void {
    this.#planned = false;
    let due = 0;
    while (this.#queue[due]?.kept) due += 1;
    if (due === 0) return;
    const bytes = Buffer.allocUnsafe(due * PUBACK_BYTES);
    let offset = 0;
    for (const { packetId } of this.#queue.splice(0, due)) {
      bytes.writeUInt8(PUBACK, offset);
      bytes.writeUInt8(PUBACK_REST, offset + 1);
      offset = bytes.writeUInt16BE(packetId, offset + 2);
    }
    this.#write(bytes);
  }
}

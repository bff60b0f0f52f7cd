import type { Buffer } from 'node:buffer';

/** Who sent an entry, and on what. */
export interface Sender {
  readonly userId: string;
  readonly clientId: string;
  readonly topic: string;
}

interface Known extends Sender {
  readonly userBytes: number;
  readonly clientBytes: number;
}

/** Some 400 bytes each. As many as there are subjects at hand: of more that send in turn, none would be found again. */
const MOST_SENDERS = 100_000;

/**
 * Texts of entries, each made once for all entries of a sender: making three texts of each entry took longer than all else about reading
 * it, and what looks things up by a text that it has seen before need not hash it again.
 */
export class Senders {
  readonly #known = new Map<string, Known>();

  /** Of the texts that lie one behind the other from `start` to `end`, in UTF-8. */
  at(bytes: Buffer, start: number, userBytes: number, clientBytes: number, end: number): Sender {
    // As many characters as bytes: no two texts are taken for the same, whatever they are written in.
    const key = bytes.toString('latin1', start, end);
    const known = this.#known.get(key);
    if (known !== undefined && known.userBytes === userBytes && known.clientBytes === clientBytes)
      return known;
    const clientStart = start + userBytes;
    const topicStart = clientStart + clientBytes;
    const sender: Known = {
      userId: bytes.toString('utf8', start, clientStart),
      clientId: bytes.toString('utf8', clientStart, topicStart),
      topic: bytes.toString('utf8', topicStart, end),
      userBytes,
      clientBytes,
    };
    if (this.#known.size >= MOST_SENDERS) this.#known.clear();
    this.#known.set(key, sender);
    return sender;
  }
}

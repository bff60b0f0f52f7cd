/** Names that are remembered at a time. */
const MOST_REMEMBERED = 50_000;
/** So long a device that was revoked or removed may go unnoticed. */
const REMEMBERED_MS = 5_000;

interface Remembered {
  readonly deviceId: string | null;
  readonly until: number;
  /** How many there were when it was asked. */
  readonly registrations: number;
}

/** Remembers for a few seconds who is registered under which name, so that a message costs no question to the records. */
export class KnownDevices {
  readonly #realNow: () => number;
  readonly #registrations: () => number;
  readonly #remembered = new Map<string, Remembered>();

  /**
   * @param realNow epoch ms
   * @param registrations how many devices and names were registered so far: when it grows, nobody is known to be unknown
   */
  constructor(realNow: () => number, registrations: () => number) {
    this.#realNow = realNow;
    this.#registrations = registrations;
  }

  /** The device of a name, null where there is none; undefined where it has to be looked up first. */
  deviceOf(name: string): string | null | undefined {
    const found = this.#remembered.get(name);
    if (found === undefined || found.until <= this.#realNow()) return undefined;
    if (found.deviceId === null && found.registrations !== this.#registrations()) return undefined;
    return found.deviceId;
  }

  /** Asks the records; `deviceOf` knows it then, unless somebody was registered meanwhile who may be the one. */
  async lookUp(name: string, ask: () => Promise<string | null>): Promise<void> {
    const registrations = this.#registrations();
    const deviceId = await ask();
    this.#remembered.delete(name);
    this.#remembered.set(name, { deviceId, until: this.#realNow() + REMEMBERED_MS, registrations });
    for (const oldest of this.#remembered.keys()) {
      if (this.#remembered.size <= MOST_REMEMBERED) break;
      this.#remembered.delete(oldest);
    }
  }
}

/** Names that are remembered at a time. */
const MOST_REMEMBERED = 50_000;
/** So long a device that was registered, revoked or removed may go unnoticed. */
const REMEMBERED_MS = 5_000;

/** Remembers for a few seconds who is registered under which name, so that a message costs no question to the records. */
export class KnownDevices {
  readonly #realNow: () => number;
  readonly #remembered = new Map<string, { readonly deviceId: string | null; readonly until: number }>();

  /** @param realNow epoch ms */
  constructor(realNow: () => number) {
    this.#realNow = realNow;
  }

  /** The device of a name, null where there is none; undefined where it has to be looked up first. */
  deviceOf(name: string): string | null | undefined {
    const found = this.#remembered.get(name);
    return found !== undefined && found.until > this.#realNow() ? found.deviceId : undefined;
  }

  /** Waits for an answer of the records; `deviceOf` knows it then. */
  async lookUp(name: string, answer: Promise<string | null>): Promise<void> {
    const deviceId = await answer;
    this.#remembered.delete(name);
    this.#remembered.set(name, { deviceId, until: this.#realNow() + REMEMBERED_MS });
    for (const oldest of this.#remembered.keys()) {
      if (this.#remembered.size <= MOST_REMEMBERED) break;
      this.#remembered.delete(oldest);
    }
  }
}

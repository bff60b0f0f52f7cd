/** Devices that are remembered as registered, or as not, at a time. */
const MOST_REMEMBERED = 50_000;
/** So long a device that was registered, revoked or removed may go unnoticed. */
const REMEMBERED_MS = 5_000;

/** Remembers for a few seconds who is registered, so that a message costs no question to the records. */
export class KnownDevices {
  readonly #find: (deviceId: string) => Promise<boolean>;
  readonly #realNow: () => number;
  readonly #remembered = new Map<string, { readonly known: boolean; readonly until: number }>();

  /** @param find asks the records whether the device may speak */
  constructor(find: (deviceId: string) => Promise<boolean>, realNow: () => number) {
    this.#find = find;
    this.#realNow = realNow;
  }

  /** Whether the device is registered; undefined where it has to be looked up first. */
  has(deviceId: string): boolean | undefined {
    const found = this.#remembered.get(deviceId);
    return found !== undefined && found.until > this.#realNow() ? found.known : undefined;
  }

  /** Asks the records; `has` knows it then. */
  async lookUp(deviceId: string): Promise<void> {
    const known = await this.#find(deviceId);
    this.#remembered.delete(deviceId);
    this.#remembered.set(deviceId, { known, until: this.#realNow() + REMEMBERED_MS });
    for (const oldest of this.#remembered.keys()) {
      if (this.#remembered.size <= MOST_REMEMBERED) break;
      this.#remembered.delete(oldest);
    }
  }
}

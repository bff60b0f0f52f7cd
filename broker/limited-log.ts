/** One line for an event and then silence for this long, for peers can cause these as often as they like. */
const QUIET_MS = 10_000;

type Write = (fields: object, message: string) => void;

/** Logs an event at most once in ten seconds for each message text, with the number of those left out in between. */
export class LimitedLog {
  readonly #now: () => number;
  readonly #events = new Map<string, { quietUntil: number; omitted: number }>();

  /** @param now real time, ms on any clock */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** @param message one of a fixed set of texts; what varies belongs in `fields` */
  write(write: Write, message: string, fields: object): void {
    const now = this.#now();
    const event = this.#events.get(message) ?? { quietUntil: Number.NEGATIVE_INFINITY, omitted: 0 };
    this.#events.set(message, event);
    if (now < event.quietUntil) {
      event.omitted += 1;
      return;
    }
    write(event.omitted === 0 ? fields : { ...fields, omitted: event.omitted }, message);
    event.quietUntil = now + QUIET_MS;
    event.omitted = 0;
  }
}

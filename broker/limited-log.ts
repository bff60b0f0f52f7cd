/** One line for an event and then silence for this long, for peers can cause these as often as they like. */
const QUIET_MS = 10_000;
/** Events told apart. Beyond that, whoever makes up reasons has one line with all others of the same text. */
const MOST_EVENTS = 200;

type Write = (fields: object, message: string) => void;

interface Event {
  quietUntil: number;
  omitted: number;
}

/**
 * Logs an event at most once in ten seconds for each message text, and for each `reason` where its fields have one: what one peer
 * does hides nothing else. With the number of those left out in between.
 */
export class LimitedLog {
  readonly #now: () => number;
  readonly #events = new Map<string, Event>();

  /** @param now real time, ms on any clock */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** @param message one of a fixed set of texts; what varies belongs in `fields` */
  write(write: Write, message: string, fields: object): void {
    const now = this.#now();
    const event = this.#eventOf(message, 'reason' in fields ? String(fields.reason) : '');
    if (now < event.quietUntil) {
      event.omitted += 1;
      return;
    }
    write(event.omitted === 0 ? fields : { ...fields, omitted: event.omitted }, message);
    event.quietUntil = now + QUIET_MS;
    event.omitted = 0;
  }

  #eventOf(message: string, reason: string): Event {
    const key = `${message}\n${reason}`;
    const isNew = !this.#events.has(key);
    const bounded = isNew && this.#events.size >= MOST_EVENTS ? message : key;
    const event = this.#events.get(bounded) ?? { quietUntil: Number.NEGATIVE_INFINITY, omitted: 0 };
    this.#events.set(bounded, event);
    return event;
  }
}

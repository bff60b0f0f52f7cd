import type { DeviceLink } from '../../broker/device-link.ts';
import type { Command } from '../records/commands.ts';
import type { CommandForm } from './command-form.ts';

/** Commands on their way to one connection at a time: a slow device holds no more memory than these. */
const WINDOW = 8;
/** After records that could not be read. */
const RETRY_MS = 1_000;

/** How a connection takes its commands. */
export interface Taking {
  readonly form: CommandForm;
  readonly qos: 0 | 1;
}

export interface WaitingCommand {
  /** Its place in the order of its device. */
  readonly seq: number;
  readonly command: Command;
}

export interface LinkQueuePorts {
  /** What waits for the device behind a place in its order, oldest first; fewer than the limit mean that there is no more. */
  waiting(device: string, after: number, limit: number): Promise<readonly WaitingCommand[]>;
  sent(command: Command): void;
  delivered(command: Command): void;
  /** Nothing waits for the device any more, as far as this connection can tell. */
  drained(device: string): void;
  failed(error: unknown): void;
}

/**
 * Sends a device's commands over one of its connections, in order. The records say what waits; nothing is sent twice over
 * one connection, and what was not acknowledged when it ended is sent over the next one.
 */
export class LinkQueue {
  readonly #link: DeviceLink;
  readonly #ports: LinkQueuePorts;
  /** Everything up to this place in the order was sent, or needs no sending. */
  #after = 0;
  #onTheWay = 0;
  /** Whether more may wait than was read: else nothing has to be looked up until there is another command. */
  #hasMore = false;
  #taking: Taking;
  #pumping = false;
  #again = false;
  #closed = false;

  constructor(link: DeviceLink, taking: Taking, ports: LinkQueuePorts) {
    this.#link = link;
    this.#taking = taking;
    this.#ports = ports;
  }

  /** The connection takes its commands in another way from now on. */
  takes(taking: Taking): void {
    this.#taking = taking;
  }

  close(): void {
    this.#closed = true;
  }

  /** Sends what waits, as far as the window goes. */
  pump(): void {
    this.#again = true;
    if (this.#pumping || this.#closed) return;
    this.#pumping = true;
    this.#run()
      .catch((error: unknown) => {
        this.#ports.failed(error);
        setTimeout(() => this.pump(), RETRY_MS).unref();
      })
      .finally(() => {
        this.#pumping = false;
        if (this.#again && !this.#closed) this.pump();
      });
  }

  async #run(): Promise<void> {
    const device = this.#link.principal.id;
    while (this.#again && !this.#closed) {
      this.#again = false;
      const room = WINDOW - this.#onTheWay;
      this.#hasMore = true;
      if (room === 0) return;
      const waiting = await this.#ports.waiting(device, this.#after, room);
      for (const { seq, command } of waiting) {
        this.#after = seq;
        if (!this.#closed) this.#send(command);
      }
      this.#hasMore = waiting.length === room;
      if (this.#onTheWay === 0 && !this.#hasMore) this.#ports.drained(device);
    }
  }

  #send(command: Command): void {
    const { form, qos } = this.#taking;
    const message = form.encode(command);
    if (message === null) return;
    this.#onTheWay += 1;
    this.#ports.sent(command);
    this.#link.send({ ...message, qos, dup: command.state === 'sent' && qos > 0 }).then((outcome) => {
      this.#onTheWay -= 1;
      // What was written with QoS 0 is acknowledged by nobody, and is not sent again.
      if (outcome !== 'lost') this.#ports.delivered(command);
      if (this.#closed) return;
      if (this.#hasMore) this.pump();
      else if (this.#onTheWay === 0) this.#ports.drained(this.#link.principal.id);
    });
  }
}

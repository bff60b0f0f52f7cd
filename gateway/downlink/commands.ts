import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { DeviceLink } from '../../broker/device-link.ts';
import { DAY_MS } from '../../rules/time/duration.ts';
import type { Change } from '../records/audit.ts';
import {
  type Command,
  createCommand,
  expireCommands,
  forgetCommands,
  getCommand,
  markCommands,
  waitingCommands,
  waitingDevices,
} from '../records/commands.ts';
import type { Schema } from '../records/schema.ts';
import type { CommandForm } from './command-form.ts';
import { CommandMarks } from './command-marks.ts';
import { LinkQueue, type LinkQueuePorts, type Taking, type WaitingCommand } from './link-queue.ts';
import { Waiters } from './waiters.ts';

/** How long commands are kept after they were given. */
const KEPT_MS = 90 * DAY_MS;
const CLEANUP_MS = DAY_MS / 24;
/** Timers hold 31 bits of milliseconds, and one that looks now and then does no harm. */
const LONGEST_TIMER_MS = DAY_MS / 24;
/** After records that could not be read or written. */
const RETRY_MS = 1_000;

export interface CommandsParts {
  readonly records: Kysely<Schema>;
  readonly log: Pick<Logger, 'error'>;
  /** Real time, epoch ms. */
  readonly realNow: () => number;
  /** In order of preference, where a device subscribes to several. */
  readonly forms: readonly CommandForm[];
  /** A device that is reached elsewhere takes the command there; resolves when it was handed over. Null: it is not. */
  readonly elsewhere: (command: Command) => Promise<void> | null;
  /** Shows a new command to whoever else subscribed to it. */
  readonly toOthers: (command: Command) => void;
  /** Something became of a command. */
  readonly onChanged: (command: Command) => void;
}

/** Commands from their order to their end. The records are what counts: a command is in them before anybody is told of it. */
export class Commands {
  readonly #parts: CommandsParts;
  readonly #marks: CommandMarks;
  readonly #waiters = new Waiters();
  /** Commands that were sent elsewhere, and that nobody has taken there yet. */
  readonly #handingOver = new Set<string>();
  readonly #queues = new Map<string, Map<DeviceLink, LinkQueue>>();
  /** Devices for which commands may wait, with the number of the latest; a connect of any other device costs no look. */
  readonly #waiting = new Map<string, number>();
  readonly #queuePorts: LinkQueuePorts;
  /** Commands given since the start. */
  #given = 0;
  readonly #ended = { delivered: 0, answered: 0, expired: 0 };
  #dueAt: number | null = null;
  #dueTimer: NodeJS.Timeout | null = null;
  #cleanup: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(parts: CommandsParts) {
    this.#parts = parts;
    this.#marks = new CommandMarks((marks) => this.#saveMarks(marks.sent, marks.delivered));
    this.#queuePorts = {
      waiting: (device, after, limit) => this.#waitingFor(device, after, limit),
      sent: (command) => this.#sent(command),
      delivered: (command) => this.#delivered(command),
      drained: (device) => this.#drained(device),
      failed: (err) => this.#parts.log.error({ err }, 'commands could not be sent'),
    };
  }

  async start(): Promise<void> {
    const { devices, nextExpiry } = await waitingDevices(this.#parts.records);
    for (const device of devices) this.#waiting.set(device, 0);
    this.#cleanup = setInterval(() => this.#forgetOld(), CLEANUP_MS);
    this.#cleanup.unref();
    if (nextExpiry !== null) this.#expireAt(nextExpiry);
  }

  /** Sends what waits for devices that are reached elsewhere; to be called when the ways there are open. */
  async sendElsewhere(): Promise<void> {
    for (const device of this.#waiting.keys()) await this.sendDeviceElsewhere(device);
  }

  /** Sends what waits for one device that is reached elsewhere. */
  async sendDeviceElsewhere(device: string): Promise<void> {
    if (!this.#waiting.has(device)) return;
    const waiting = await this.#waitingFor(device, 0, 1_000);
    for (const { command } of waiting) if (command.state === 'queued') this.#handOver(command);
  }

  /** Lets callers go who wait for the end of a command. */
  releaseCallers(): void {
    this.#stopped = true;
    this.#waiters.release();
  }

  counters() {
    return {
      devicesWaitedFor: this.#waiting.size,
      commandsGiven: this.#given,
      commandsDelivered: this.#ended.delivered,
      commandsAnswered: this.#ended.answered,
      commandsExpired: this.#ended.expired,
      callersWaiting: this.#waiters.count,
    };
  }

  async stop(): Promise<void> {
    this.releaseCallers();
    if (this.#dueTimer !== null) clearTimeout(this.#dueTimer);
    if (this.#cleanup !== null) clearInterval(this.#cleanup);
    await this.#marks.settled();
  }

  /** Keeps a command and sends it where its device is connected. @throws what `createCommand` throws */
  async give(
    order: Pick<Command, 'id' | 'device' | 'name' | 'args' | 'expiresAt'>,
    change: Change,
  ): Promise<Command> {
    const createdAt = this.#parts.realNow();
    const command = await createCommand(this.#parts.records, { ...order, createdAt }, change);
    this.#given += 1;
    this.#waiting.set(command.device, this.#given);
    this.#expireAt(command.expiresAt);
    this.#tell(command);
    for (const queue of this.#queues.get(command.device)?.values() ?? []) queue.pump();
    this.#handOver(command);
    this.#parts.toOthers(command);
    return command;
  }

  /**
   * A command as it is when it has ended (answered or expired), or when the time is up.
   *
   * @param gone aborted when the caller no longer waits
   * @throws WaysideError `not_found`, `too_many_requests`
   */
  async whenEnded(device: string, id: string, waitMs: number, gone: AbortSignal): Promise<Command> {
    const { records, realNow } = this.#parts;
    const look = () => getCommand(records, device, id, realNow());
    if (waitMs <= 0 || this.#stopped) return look();
    // Listened for before it is looked up, so that nothing falls between the two.
    const waiter = this.#waiters.listen(id, waitMs, gone);
    try {
      const command = await look();
      if (hasEnded(command)) return command;
      await waiter.over;
      return await look();
    } finally {
      waiter.stop();
    }
  }

  /** A reply was kept. */
  answered(command: Command): void {
    this.#tell(command);
  }

  /** A connection was granted subscriptions, or gave some up. */
  subscribed(link: DeviceLink): void {
    if (link.principal.kind !== 'device') return;
    const device = link.principal.id;
    const taking = this.#takingOf(link, device);
    const queues = this.#queues.get(device) ?? new Map<DeviceLink, LinkQueue>();
    const queue = queues.get(link);
    if (taking === null) {
      this.closed(link);
      return;
    }
    if (queue !== undefined) {
      queue.takes(taking);
      return;
    }
    const made = new LinkQueue(link, taking, this.#queuePorts);
    this.#queues.set(device, queues.set(link, made));
    if (this.#waiting.has(device)) made.pump();
  }

  closed(link: DeviceLink): void {
    const queues = this.#queues.get(link.principal.id);
    queues?.get(link)?.close();
    queues?.delete(link);
    if (queues?.size === 0) this.#queues.delete(link.principal.id);
  }

  #takingOf(link: DeviceLink, device: string): Taking | null {
    const subscriptions = [...link.subscriptions()];
    for (const form of this.#parts.forms) {
      const granted = subscriptions.filter(([filter]) => form.takes(device, filter)).map(([, qos]) => qos);
      if (granted.length > 0) return { form, qos: Math.max(...granted) > 0 ? 1 : 0 };
    }
    return null;
  }

  /** As many as there are, up to the limit: fewer mean that there are no more. */
  async #waitingFor(device: string, after: number, limit: number): Promise<WaitingCommand[]> {
    const { records, realNow } = this.#parts;
    const numberBefore = this.#waiting.get(device);
    const waiting = await waitingCommands(records, device, after, limit, realNow());
    if (waiting.length === 0 && after === 0 && this.#waiting.get(device) === numberBefore)
      this.#waiting.delete(device);
    const found = waiting.filter(({ command }) => !this.#marks.isDelivered(command.id));
    const last = waiting.at(-1);
    if (last === undefined || waiting.length < limit || found.length === limit) return found;
    // Some are delivered, and the records don't have that yet: behind them others wait.
    return [...found, ...(await this.#waitingFor(device, last.seq, limit - found.length))];
  }

  /** Asks once more from the beginning, so that a device for which nothing waits is forgotten. */
  #drained(device: string): void {
    this.#marks
      .settled()
      .then(() => this.#waitingFor(device, 0, 1))
      .catch((err: unknown) => this.#parts.log.error({ err }, 'waiting commands could not be read'));
  }

  #handOver(command: Command): void {
    // It may be given in the moment in which what waits is sent.
    if (this.#handingOver.has(command.id)) return;
    const handedOver = this.#parts.elsewhere(command);
    if (handedOver === null) return;
    this.#handingOver.add(command.id);
    handedOver
      .then(
        () => this.#sent(command),
        (err: unknown) =>
          this.#parts.log.error({ err, command: command.id }, 'a command could not be handed over'),
      )
      .finally(() => this.#handingOver.delete(command.id));
  }

  #sent(command: Command): void {
    if (command.state === 'sent') return;
    this.#marks.sent(command.id);
    this.#tell({ ...command, state: 'sent', sentAt: this.#parts.realNow() });
  }

  #delivered(command: Command): void {
    const at = this.#parts.realNow();
    this.#marks.delivered(command.id);
    this.#tell({ ...command, state: 'delivered', sentAt: command.sentAt ?? at, deliveredAt: at });
  }

  #tell(command: Command): void {
    const { state } = command;
    if (state === 'delivered' || state === 'answered' || state === 'expired') this.#ended[state] += 1;
    this.#parts.onChanged(command);
    if (hasEnded(command)) this.#waiters.tell(command.id);
  }

  async #saveMarks(sent: readonly string[], delivered: readonly string[]): Promise<void> {
    try {
      await markCommands(this.#parts.records, { sent, delivered }, this.#parts.realNow());
    } catch (err) {
      // They stay as they were, and are sent once more when the device comes back.
      this.#parts.log.error(
        { err, commands: sent.length + delivered.length },
        'the way of commands could not be noted',
      );
    }
  }

  #expireAt(dueAt: number): void {
    if (this.#stopped || (this.#dueAt !== null && this.#dueAt <= dueAt)) return;
    if (this.#dueTimer !== null) clearTimeout(this.#dueTimer);
    this.#dueAt = dueAt;
    const wait = Math.min(Math.max(0, dueAt - this.#parts.realNow()), LONGEST_TIMER_MS);
    this.#dueTimer = setTimeout(() => {
      this.#dueAt = null;
      void this.#expire();
    }, wait);
    this.#dueTimer.unref();
  }

  async #expire(): Promise<void> {
    const { records, realNow, log } = this.#parts;
    try {
      const { expired, nextExpiry } = await expireCommands(records, realNow());
      for (const command of expired) this.#tell(command);
      if (nextExpiry !== null) this.#expireAt(nextExpiry);
    } catch (err) {
      log.error({ err }, 'commands could not be ended in time');
      this.#expireAt(realNow() + RETRY_MS);
    }
  }

  #forgetOld(): void {
    const { records, realNow, log } = this.#parts;
    forgetCommands(records, realNow() - KEPT_MS).catch((err: unknown) =>
      log.error({ err }, 'old commands could not be removed'),
    );
  }
}

function hasEnded({ state }: Command): boolean {
  return state === 'answered' || state === 'expired';
}

import { type Kysely, type Selectable, sql } from 'kysely';
import { WaysideError } from '../errors.ts';
import { type Change, writeAudit } from './audit.ts';
import { onPage, type Page, type PageRequest, pageOf } from './page.ts';
import type { Schema } from './schema.ts';

/** Commands of one device that wait to be delivered. */
export const MAX_WAITING_COMMANDS = 1_000;

/** A command, and how far it has come. All times are real time, epoch ms. */
export interface Command {
  readonly id: string;
  readonly device: string;
  readonly name: string;
  readonly args: unknown;
  readonly state: CommandState;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly sentAt?: number;
  readonly deliveredAt?: number;
  readonly answeredAt?: number;
  readonly reply?: CommandReply;
}

/**
 * `queued`: not sent yet; `sent`: on its way, not acknowledged; `delivered`: acknowledged by the device; `answered`: its reply
 * is here; `expired`: not acknowledged in time, and never sent again.
 */
export type CommandState = 'queued' | 'sent' | 'delivered' | 'answered' | 'expired';

export interface CommandReply {
  readonly status: 'ok' | 'error';
  readonly result: unknown;
}

/** One reply of a device, as it came. */
export interface ReplyToKeep {
  readonly deviceId: string;
  readonly commandId: string;
  readonly reply: CommandReply;
}

export type ReplyOutcome =
  | { readonly kind: 'kept'; readonly command: Command }
  /** It was answered before: the first reply stands. */
  | { readonly kind: 'repeated' }
  /** The device has no such command. */
  | { readonly kind: 'unknown' };

type Row = Selectable<Schema['commands']>;

const ORDER = { list: 'commands', timeColumn: 'created_at', idColumn: 'seq' };

function commandOf(row: Row, now: number): Command {
  const isDue = (row.state === 'queued' || row.state === 'sent') && row.expires_at <= now;
  return {
    id: row.id,
    device: row.device,
    name: row.name,
    args: JSON.parse(row.args_json),
    state: isDue ? 'expired' : row.state,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    ...(row.sent_at !== null && { sentAt: row.sent_at }),
    ...(row.delivered_at !== null && { deliveredAt: row.delivered_at }),
    ...(row.answered_at !== null && { answeredAt: row.answered_at }),
    ...(row.reply_status !== null &&
      row.reply_json !== null && {
        reply: { status: row.reply_status, result: JSON.parse(row.reply_json) },
      }),
  };
}

/** @throws WaysideError `not_found` for an unknown device, `already_exists`, `too_many_commands` where too many wait for it */
export async function createCommand(
  db: Kysely<Schema>,
  command: Pick<Command, 'id' | 'device' | 'name' | 'args' | 'createdAt' | 'expiresAt'>,
  change: Change,
): Promise<Command> {
  return db.transaction().execute(async (trx) => {
    await requireDevice(trx, command.device);
    const { waiting } = await trx
      .selectFrom('commands')
      .select((row) => row.fn.countAll<number>().as('waiting'))
      .where('device', '=', command.device)
      .where('state', 'in', ['queued', 'sent'])
      .executeTakeFirstOrThrow();
    if (waiting >= MAX_WAITING_COMMANDS) {
      throw new WaysideError('too_many_commands', `${waiting} commands wait for "${command.device}"`);
    }
    const taken = await trx
      .selectFrom('commands')
      .select('id')
      .where('id', '=', command.id)
      .executeTakeFirst();
    if (taken !== undefined) throw new WaysideError('already_exists', `there is a command "${command.id}"`);
    const row = await trx
      .insertInto('commands')
      .values({
        id: command.id,
        device: command.device,
        name: command.name,
        args_json: JSON.stringify(command.args),
        state: 'queued',
        created_at: command.createdAt,
        expires_at: command.expiresAt,
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    await writeAudit(trx, change, 'device.command', command.device, { id: command.id, name: command.name });
    return commandOf(row, command.createdAt);
  });
}

/** @param now real time @throws WaysideError `not_found` */
export async function getCommand(
  db: Kysely<Schema>,
  device: string,
  id: string,
  now: number,
): Promise<Command> {
  const row = await db
    .selectFrom('commands')
    .selectAll()
    .where('id', '=', id)
    .where('device', '=', device)
    .executeTakeFirst();
  if (row === undefined) throw new WaysideError('not_found', `"${device}" has no command "${id}"`);
  return commandOf(row, now);
}

/** @param now real time @throws WaysideError `not_found` for an unknown device */
export async function listCommands(
  db: Kysely<Schema>,
  device: string,
  page: PageRequest,
  now: number,
): Promise<Page<Command>> {
  await requireDevice(db, device);
  const rows = await db
    .selectFrom('commands')
    .selectAll()
    .$call(onPage(ORDER, page, { device }))
    .execute();
  return pageOf(
    ORDER,
    rows,
    page.limit,
    (row) => [row.created_at, row.seq],
    (row) => commandOf(row, now),
  );
}

/** What is to be sent to a device now, oldest first, with the `seq` to go on behind. @param after `seq` of the last one that was taken */
export async function waitingCommands(
  db: Kysely<Schema>,
  device: string,
  after: number,
  limit: number,
  now: number,
): Promise<readonly { readonly seq: number; readonly command: Command }[]> {
  const rows = await db
    .selectFrom('commands')
    .selectAll()
    .where('device', '=', device)
    .where('state', 'in', ['queued', 'sent'])
    .where('seq', '>', after)
    .where('expires_at', '>', now)
    .orderBy('seq')
    .limit(limit)
    .execute();
  return rows.map((row) => ({ seq: row.seq, command: commandOf(row, now) }));
}

/** Devices for which commands wait, and when the first of these expires (null for none). */
export async function waitingDevices(
  db: Kysely<Schema>,
): Promise<{ readonly devices: readonly string[]; readonly nextExpiry: number | null }> {
  const rows = await db
    .selectFrom('commands')
    .select(['device', (row) => row.fn.min('expires_at').as('expires_at')])
    .where('state', 'in', ['queued', 'sent'])
    .groupBy('device')
    .execute();
  const first = Math.min(...rows.map((row) => Number(row.expires_at)));
  return { devices: rows.map((row) => row.device), nextExpiry: rows.length === 0 ? null : first };
}

/** Notes that commands were sent, and that they were acknowledged. Never goes back: an answered one stays so. */
export async function markCommands(
  db: Kysely<Schema>,
  marks: { readonly sent: readonly string[]; readonly delivered: readonly string[] },
  at: number,
): Promise<void> {
  const { sent, delivered } = marks;
  if (sent.length > 0) {
    await sql`update commands set state = 'sent', sent_at = coalesce(sent_at, ${at})
      where state = 'queued' and id in (select value from json_each(${JSON.stringify(sent)}))`.execute(db);
  }
  if (delivered.length > 0) {
    await sql`update commands set state = 'delivered', sent_at = coalesce(sent_at, ${at}), delivered_at = ${at}
      where state in ('queued', 'sent') and id in (select value from json_each(${JSON.stringify(delivered)}))`.execute(
      db,
    );
  }
}

/** Ends what is due. @returns the commands that ended, and when the next one is due (null for none) */
export async function expireCommands(
  db: Kysely<Schema>,
  now: number,
): Promise<{ readonly expired: readonly Command[]; readonly nextExpiry: number | null }> {
  const rows = await db
    .updateTable('commands')
    .set({ state: 'expired' })
    .where('state', 'in', ['queued', 'sent'])
    .where('expires_at', '<=', now)
    .returningAll()
    .execute();
  const next = await db
    .selectFrom('commands')
    .select('expires_at')
    .where('state', 'in', ['queued', 'sent'])
    .orderBy('expires_at')
    .limit(1)
    .executeTakeFirst();
  return { expired: rows.map((row) => commandOf(row, now)), nextExpiry: next?.expires_at ?? null };
}

/**
 * Keeps replies, all in one transaction. A device that answers has got the command, so one that has expired meanwhile, or was
 * not yet noted as sent, is answered all the same.
 *
 * @returns an outcome for each reply, in their order
 */
export async function keepReplies(
  db: Kysely<Schema>,
  replies: readonly ReplyToKeep[],
  now: number,
): Promise<readonly ReplyOutcome[]> {
  return db.transaction().execute(async (trx) => {
    const outcomes: ReplyOutcome[] = [];
    for (const { deviceId, commandId, reply } of replies) {
      const row = await trx
        .selectFrom('commands')
        .select('state')
        .where('id', '=', commandId)
        .where('device', '=', deviceId)
        .executeTakeFirst();
      if (row === undefined) outcomes.push({ kind: 'unknown' });
      else if (row.state === 'answered') outcomes.push({ kind: 'repeated' });
      else {
        const answered = await trx
          .updateTable('commands')
          .set((column) => ({
            state: 'answered',
            sent_at: column.fn.coalesce('sent_at', column.val(now)),
            delivered_at: column.fn.coalesce('delivered_at', column.val(now)),
            answered_at: now,
            reply_status: reply.status,
            reply_json: JSON.stringify(reply.result ?? null),
          }))
          .where('id', '=', commandId)
          .returningAll()
          .executeTakeFirstOrThrow();
        outcomes.push({ kind: 'kept', command: commandOf(answered, now) });
      }
    }
    return outcomes;
  });
}

/** Ids of a device's commands that were sent and not answered, newest first; no more than can wait. */
export async function commandsAwaitingReply(db: Kysely<Schema>, device: string): Promise<string[]> {
  const rows = await db
    .selectFrom('commands')
    .select('id')
    .where('device', '=', device)
    .where('state', '!=', 'answered')
    .orderBy('seq', 'desc')
    .limit(MAX_WAITING_COMMANDS)
    .execute();
  return rows.map(({ id }) => id);
}

/** Removes what ended long ago. */
export async function forgetCommands(db: Kysely<Schema>, createdBefore: number): Promise<void> {
  await db
    .deleteFrom('commands')
    .where('created_at', '<', createdBefore)
    .where('state', 'not in', ['queued', 'sent'])
    .execute();
}

async function requireDevice(db: Kysely<Schema>, id: string): Promise<void> {
  const row = await db.selectFrom('devices').select('id').where('id', '=', id).executeTakeFirst();
  if (row === undefined) throw new WaysideError('not_found', `there is no device "${id}"`);
}

import type { Kysely } from 'kysely';
import { type Change, writeAudits } from './audit.ts';
import { deviceName, namesOfRefs, refsOfId } from './audit-names.ts';
import type { Role, Schema } from './schema.ts';

/** What of a person or device was looked at. */
export type ReadKind =
  | 'backtest'
  | 'browsers'
  | 'commands'
  | 'configuration'
  | 'consents'
  | 'decisions'
  | 'deliveries'
  | 'device'
  | 'devices'
  | 'explanation'
  | 'export'
  | 'live'
  | 'profile'
  | 'profiles'
  | 'quality'
  | 'quarantine'
  | 'telemetry'
  | 'visits';

/** Whose data were looked at: one person's, one device's, or a list of everybody's. */
export type ReadSubject =
  | { readonly kind: 'consumer' | 'device'; readonly id: string }
  | { readonly kind: 'everybody' };

/** A look at somebody's data, as that person is told of it: by which role, not by whom. */
export interface StaffRead {
  /** Domain time. Looks at the same within an hour of it are not told apart. */
  readonly at: number;
  readonly role: Role;
  readonly what: ReadKind;
  /** Which of the person's devices it was about; null where it was erased since. Left out where it was about the person. */
  readonly device?: string | null;
}

/** A person has some, of each staff and hour one; more are not told. */
const MOST_READS = 1_000;

/**
 * By which a look at somebody's data is told from a look at those of the next one of that id: who was erased may be made anew, and
 * a device may be given to somebody else. Null where there is nobody.
 */
export async function whoseNow(db: Kysely<Schema>, subject: ReadSubject): Promise<string | null> {
  switch (subject.kind) {
    case 'everybody':
      return '';
    case 'consumer': {
      const person = await db
        .selectFrom('consumers')
        .select('created_at')
        .where('id', '=', subject.id)
        .executeTakeFirst();
      return person === undefined ? null : JSON.stringify([subject.id, person.created_at]);
    }
    case 'device': {
      const device = await db
        .selectFrom('devices')
        .select(['device_key', 'consumer_id'])
        .where('id', '=', subject.id)
        .executeTakeFirst();
      return device === undefined ? null : JSON.stringify([device.device_key, device.consumer_id]);
    }
  }
}

/**
 * Notes that staff looked at data of a person or device. A device that is somebody's is noted for that person, too. Where there is
 * nobody any more, nothing was seen, and nothing is noted.
 */
export async function writeRead(
  db: Kysely<Schema>,
  change: Change,
  role: Role,
  what: ReadKind,
  subject: ReadSubject,
): Promise<void> {
  const detail = { what, role };
  await db.transaction().execute(async (trx) => {
    switch (subject.kind) {
      case 'everybody':
        await writeAudits(trx, change, 'people.read', [{ subject: '', detail }]);
        return;
      case 'consumer': {
        const { id } = subject;
        const person = await trx.selectFrom('consumers').select('id').where('id', '=', id).executeTakeFirst();
        if (person === undefined) return;
        await writeAudits(trx, change, 'consumer.read', [{ subject: id, detail }]);
        return;
      }
      case 'device': {
        const { id } = subject;
        const device = await trx
          .selectFrom('devices')
          .select('consumer_id')
          .where('id', '=', id)
          .executeTakeFirst();
        if (device === undefined) return;
        await writeAudits(trx, change, 'device.read', [{ subject: id, detail }]);
        if (device.consumer_id !== null) {
          const ofOwner = { subject: device.consumer_id, detail: { ...detail, device: deviceName(id) } };
          await writeAudits(trx, change, 'consumer.read', [ofOwner]);
        }
        return;
      }
    }
  });
}

/**
 * Who of the staff looked at what of a person (also of the devices that were theirs then) or of a device; newest first, at most
 * 1,000.
 *
 * @param from domain time, inclusive
 */
export async function readsOf(
  db: Kysely<Schema>,
  kind: 'consumer' | 'device',
  id: string,
  from: number,
): Promise<readonly StaffRead[]> {
  const refs = await refsOfId(db, id, [kind]);
  if (refs.length === 0) return [];
  const rows = await db
    .selectFrom('audit')
    .select(['at', 'detail_json'])
    .where('subject', 'in', refs)
    .where('action', '=', `${kind}.read`)
    .where('at', '>=', from)
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
    .limit(MOST_READS)
    .execute();
  const reads = rows.map(({ at, detail_json }) => ({ at, ...(JSON.parse(detail_json) as ReadDetail) }));
  const names = await namesOfRefs(
    db,
    reads.flatMap(({ device }) => device ?? []),
  );
  return reads.map(({ at, role, what, device }) => ({
    at,
    role,
    what,
    ...(device !== undefined && { device: names.get(device) ?? null }),
  }));
}

/** As `writeRead` keeps it; the device is a ref. */
interface ReadDetail {
  readonly what: ReadKind;
  readonly role: Role;
  readonly device?: string;
}

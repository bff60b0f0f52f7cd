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
 * Notes that staff looked at data of a person or device. A device that is somebody's is noted for that person, too.
 *
 * @returns false where there is no such person or device: then nothing was seen, and nothing is noted
 */
export async function writeRead(
  db: Kysely<Schema>,
  change: Change,
  role: Role,
  what: ReadKind,
  subject: ReadSubject,
): Promise<boolean> {
  const detail = { what, role };
  return db.transaction().execute(async (trx) => {
    switch (subject.kind) {
      case 'everybody':
        await writeAudits(trx, change, 'people.read', [{ subject: '', detail }]);
        return true;
      case 'consumer': {
        const { id } = subject;
        const person = await trx.selectFrom('consumers').select('id').where('id', '=', id).executeTakeFirst();
        if (person === undefined) return false;
        await writeAudits(trx, change, 'consumer.read', [{ subject: id, detail }]);
        return true;
      }
      case 'device': {
        const { id } = subject;
        const device = await trx
          .selectFrom('devices')
          .select('consumer_id')
          .where('id', '=', id)
          .executeTakeFirst();
        if (device === undefined) return false;
        await writeAudits(trx, change, 'device.read', [{ subject: id, detail }]);
        if (device.consumer_id !== null) {
          const ofOwner = { subject: device.consumer_id, detail: { ...detail, device: deviceName(id) } };
          await writeAudits(trx, change, 'consumer.read', [ofOwner]);
        }
        return true;
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

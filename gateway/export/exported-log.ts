import { type Kysely, sql } from 'kysely';
import { isRef } from '../records/audit-names.ts';
import type { Schema } from '../records/schema.ts';
import type { ExportedDevice } from './exported-devices.ts';

const ENTRIES_A_PAGE = 500;
/** Who is named in an entry beside the person and their devices is not told. */
const SOMEBODY = 'somebody else';

interface Entry {
  readonly id: number;
  readonly at: number;
  readonly actor: string;
  readonly action: string;
  readonly detail_json: string;
}

/**
 * Entries of the audit log about a person and, since they are theirs, about their devices, some at a time. Staff is not named:
 * they are persons too.
 */
export async function* exportedLog(
  db: Kysely<Schema>,
  consumer: string,
  devices: readonly ExportedDevice[],
): AsyncGenerator<readonly object[]> {
  const persons = await namesOf(db, 'consumer', consumer);
  const names = new Map(persons);
  const subjects = subjectsIn(persons, consumer).map((ref) => ({ ref, about: 'you', since: 0 }));
  for (const { id, since } of devices) {
    const its = await namesOf(db, 'device', id);
    for (const [ref, name] of its) names.set(ref, name);
    for (const ref of subjectsIn(its, id)) subjects.push({ ref, about: id, since: since ?? 0 });
  }
  const shown = (_key: string, value: unknown) =>
    typeof value === 'string' && isRef(value) ? (names.get(value) ?? SOMEBODY) : value;
  const by = (actor: string) => {
    const [kind = '', ref = ''] = actor.split(':');
    if (kind === 'consumer') return persons.has(ref) ? 'you' : SOMEBODY;
    return kind === 'device' ? 'device' : 'staff';
  };
  for (const { ref, about, since } of subjects) {
    for await (const page of entriesAbout(db, ref, since)) {
      yield page.map(({ at, action, actor, detail_json }) => ({
        at,
        action,
        about,
        by: by(actor),
        detail: JSON.parse(detail_json, shown),
      }));
    }
  }
}

/** What the refs of somebody stand for. */
async function namesOf(
  db: Kysely<Schema>,
  kind: 'consumer' | 'device',
  owner: string,
): Promise<ReadonlyMap<string, string>> {
  const rows = await db
    .selectFrom('audit_names')
    .select(['ref', 'name'])
    .where('kind', '=', kind)
    .where('owner', '=', owner)
    .execute();
  return new Map(rows.map(({ ref, name }) => [ref, name]));
}

/** Refs of the id itself; others are words that belong to it, and no subjects. */
function subjectsIn(names: ReadonlyMap<string, string>, id: string): readonly string[] {
  return [...names].flatMap(([ref, name]) => (name === id ? [ref] : []));
}

async function* entriesAbout(
  db: Kysely<Schema>,
  ref: string,
  since: number,
): AsyncGenerator<readonly Entry[]> {
  for (let after: readonly number[] = [since, 0]; ; ) {
    const { rows } = await sql<Entry>`select id, at, actor, action, detail_json from audit
      where subject = ${ref} and (at, id) > (${sql.join([...after])})
      order by at, id limit ${ENTRIES_A_PAGE}`.execute(db);
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows;
    after = [last.at, last.id];
  }
}

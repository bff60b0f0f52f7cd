import { type ReadKind, type ReadSubject, whoseNow, writeRead } from '../records/audit-reads.ts';
import type { HttpDependencies } from './dependencies.ts';
import type { Identity } from './identity.ts';

/** A second look at the same within this time is part of the first. Real time. */
const ONE_LOOK_MS = 3_600_000;
/** Looks remembered; beyond that the oldest is forgotten, and noted again when it comes again. */
const MAX_LOOKS = 10_000;

/** Notes in the audit log which staff looked at whose data. */
export interface ReadLog {
  /**
   * Resolves when the look is noted, or at once where the same one was noted within the hour: so nobody sees anything that is not
   * noted, and lists that are asked for again and again cost nothing. Consumers and tills are no staff.
   */
  note(identity: Identity | null, what: ReadKind, subject: ReadSubject): Promise<void>;
}

export function createReadLog({ records, clock, realNow }: HttpDependencies): ReadLog {
  /** By who, whose and what: when, and that it is noted. In order of time. */
  const looks = new Map<string, { readonly at: number; readonly noted: Promise<void> }>();

  return {
    async note(identity, what, subject) {
      if (identity?.kind !== 'staff') return;
      const { name, role } = identity;
      const whose = await whoseNow(records, subject);
      // Nobody of that id: nothing is seen.
      if (whose === null) return;
      const key = JSON.stringify([name, what, subject.kind, whose]);
      const now = realNow();
      const before = looks.get(key);
      if (before !== undefined && now - before.at < ONE_LOOK_MS) {
        await before.noted;
        return;
      }
      const noted = writeRead(records, { actor: name, at: clock.now() }, role, what, subject);
      looks.delete(key);
      looks.set(key, { at: now, noted });
      const oldest = looks.keys().next().value;
      if (looks.size > MAX_LOOKS && oldest !== undefined) looks.delete(oldest);
      await noted.catch((error: unknown) => {
        looks.delete(key);
        throw error;
      });
    },
  };
}

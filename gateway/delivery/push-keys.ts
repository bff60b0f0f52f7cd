import type { Kysely } from 'kysely';
import { WaysideError } from '../errors.ts';
import { type Change, writeAudit } from '../records/audit.ts';
import type { AuditAction } from '../records/audit-actions.ts';
import type { Schema } from '../records/schema.ts';
import { loadOrCreateVapidKeys, newVapidKeys, saveVapidKeys, type VapidKeyRing } from './vapid-keys.ts';

/** The key pairs with which messages to browsers are signed, and their replacement. */
export interface PushKeys {
  readonly ring: VapidKeyRing;
  /** Whether a browser that subscribed with this public key can be sent to. */
  isKnown(publicKey: string): boolean;
  /**
   * Makes a new pair; browsers subscribe with it from now on. Those that subscribed with an earlier one are sent to as before, until
   * they come back and subscribe anew. The audit log says `push-key.rotating` before, and `push-key.rotated` once it is in force: where
   * the second one is missing after a start, nothing was changed.
   *
   * @returns the new public key
   * @throws WaysideError `too_many` where so many earlier pairs are still in use, `data_dir_unwritable`
   */
  rotate(change: Change): Promise<string>;
  /** Forgets earlier pairs with which no live subscription was made. */
  dropUnused(): Promise<void>;
}

/** Subscriptions of browsers that never come back end by themselves only when their push service says so. */
const MAX_PREVIOUS = 20;
const ROTATING = 'push-key.rotating';
const ROTATED = 'push-key.rotated';

/**
 * @param onChanged given the pairs once they are on the disk; resolves when whoever signs goes by them. They are in force here after that
 * @throws WaysideError data_dir_damaged, data_dir_unwritable
 */
export async function openPushKeys(
  dataDir: string,
  db: Kysely<Schema>,
  onChanged: (ring: VapidKeyRing) => Promise<void>,
): Promise<PushKeys> {
  let ring = await loadOrCreateVapidKeys(dataDir);
  /** One change after the other, also after one that failed. */
  let changes: Promise<unknown> = Promise.resolve();

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = changes.then(work, work);
    changes = done;
    return done;
  }

  async function use(next: VapidKeyRing): Promise<void> {
    await saveVapidKeys(dataDir, next);
    // Nobody may subscribe with a pair before it is signed with: the subscription would count as one whose pair is no more.
    await onChanged(next);
    ring = next;
  }

  /** Says that the current pair is in force where it was only said that it would be; by whom and when it was said. */
  async function noteRotated(): Promise<void> {
    const subject = ring.current.publicKey;
    const notes = db.selectFrom('audit').select(['at', 'actor', 'action']).where('subject', '=', subject);
    const noted = await notes.orderBy('id', 'desc').limit(1).executeTakeFirst();
    if (noted?.action === ROTATING) await note(noted, ROTATED, subject);
  }

  function note(change: Change, action: AuditAction, subject: string): Promise<void> {
    return db.transaction().execute((trx) => writeAudit(trx, change, action, subject));
  }

  async function previousInUse(): Promise<VapidKeyRing['previous']> {
    const inUse = new Set<string>();
    for (const { publicKey } of ring.previous) {
      const live = await db
        .selectFrom('push_subscriptions')
        .select('id')
        .where('vapid_key', '=', publicKey)
        .where('gone_at', 'is', null)
        .limit(1)
        .executeTakeFirst();
      if (live !== undefined) inUse.add(publicKey);
    }
    return ring.previous.filter(({ publicKey }) => inUse.has(publicKey));
  }

  await noteRotated();

  return {
    get ring() {
      return ring;
    },
    isKnown: (publicKey) => [ring.current, ...ring.previous].some((pair) => pair.publicKey === publicKey),
    rotate: (change) =>
      inTurn(async () => {
        const previous = await previousInUse();
        if (previous.length >= MAX_PREVIOUS)
          throw new WaysideError('too_many', `${MAX_PREVIOUS} earlier keys are still used by browsers`);
        const current = newVapidKeys();
        await note(change, ROTATING, current.publicKey);
        // The page of a browser may be about to subscribe with the one that was current until now, so that one stays for a start.
        await use({ current, previous: [ring.current, ...previous] });
        await noteRotated();
        return current.publicKey;
      }),
    dropUnused: () =>
      inTurn(async () => {
        if (ring.previous.length === 0) return;
        const previous = await previousInUse();
        if (previous.length < ring.previous.length) await use({ current: ring.current, previous });
      }),
  };
}

import { type Kysely, type Selectable, sql } from 'kysely';
import type { RenderedOffer } from '../../rules/step.ts';
import { deliveryOf, type StoredDelivery } from './deliveries.ts';
import { onPage, type Page, type PageRequest, pageOf } from './page.ts';
import type { DeliveryState, Schema } from './schema.ts';

/** A code as a till tells it. */
export interface GivenCode {
  /** The till's own id of this redemption: told again under it, nothing is redeemed twice. */
  readonly id: string;
  readonly code: string;
  /** When the code was handed in, domain time. */
  readonly at: number;
}

/** What became of it. */
export type Redemption =
  | {
      readonly kind: 'redeemed';
      readonly delivery: StoredDelivery;
      readonly title: string;
      readonly redeemedAt: number;
      /** False where this redemption was told before. */
      readonly isNew: boolean;
    }
  | { readonly kind: 'unknown_code' }
  | { readonly kind: 'already_redeemed'; readonly redeemedAt: number }
  /** `expiredAt`: null where nobody was sent it. */
  | { readonly kind: 'offer_over'; readonly expiredAt: number | null }
  /** The till has used the id for another code. */
  | { readonly kind: 'already_exists' }
  /** Too many codes were unknown: this one was not looked at. */
  | { readonly kind: 'too_many_requests' };

/** Bounds how many codes a till may guess. */
export interface GuessBound {
  /** Whether one more code may be looked at; counts it as a wrong one. */
  take(): boolean;
  /** It was a code after all. */
  giveBack(): void;
}

/** Nobody was sent the offer: a code of it can only have been guessed, or read from the pool. */
const NEVER_SENT: readonly DeliveryState[] = ['withdrawn', 'expired', 'failed', 'gone'];

type Row = Selectable<Schema['deliveries']>;

/**
 * Redeems the offer that carries a code, once.
 *
 * @param trx a transaction that has the write lock: of two tills at once, one redeems
 * @param till id of the till, or `@` and the name of a member of staff
 * @param now domain time
 */
export async function redeem(
  trx: Kysely<Schema>,
  till: string,
  given: GivenCode,
  now: number,
  guesses: GuessBound,
): Promise<Redemption> {
  const told = await trx
    .selectFrom('redemptions')
    .innerJoin('deliveries', 'deliveries.id', 'redemptions.delivery_id')
    .selectAll('deliveries')
    .select('redemptions.at')
    .where('redemptions.till', '=', till)
    .where('redemptions.id', '=', given.id)
    .executeTakeFirst();
  if (told !== undefined) {
    return told.code === given.code ? redeemed(told, told.at, false) : { kind: 'already_exists' };
  }
  if (!guesses.take()) return { kind: 'too_many_requests' };
  // A code is usually one delivery's; two pools may hold the same one.
  const rows = await trx
    .selectFrom('deliveries')
    .selectAll()
    .where('code', '=', given.code)
    .orderBy('created_at')
    .orderBy('id')
    .execute();
  if (rows.length === 0) return { kind: 'unknown_code' };
  guesses.giveBack();
  const open = rows.find((row) => row.redeemed_at === null && !isOver(row, given.at));
  if (open === undefined) return whyNot(rows);

  // No code is handed in before it was given, whatever the till's clock says.
  const at = Math.max(given.at, open.created_at);
  const row = await trx
    .updateTable('deliveries')
    .set({
      state: 'redeemed',
      redeemed_at: at,
      // Who hands the code in has seen it, even if that receipt was lost; and it must not go out again.
      shown_at: sql`coalesce(shown_at, ${at})`,
      next_attempt_at: null,
    })
    .where('id', '=', open.id)
    .returningAll()
    .executeTakeFirstOrThrow();
  await trx
    .insertInto('redemptions')
    .values({ till, id: given.id, delivery_id: open.id, at, received_at: now })
    .execute();
  return redeemed(row, at, true);
}

function isOver(row: Row, at: number): boolean {
  return wasNeverSent(row) || at >= offerOf(row).expiresAt;
}

function wasNeverSent({ state }: Row): boolean {
  return NEVER_SENT.includes(state);
}

function whyNot(rows: readonly Row[]): Redemption {
  const over = rows.find((row) => row.redeemed_at === null);
  if (over !== undefined)
    return { kind: 'offer_over', expiredAt: wasNeverSent(over) ? null : offerOf(over).expiresAt };
  return { kind: 'already_redeemed', redeemedAt: Math.max(...rows.map((row) => row.redeemed_at ?? 0)) };
}

function redeemed(row: Row, redeemedAt: number, isNew: boolean): Redemption {
  return { kind: 'redeemed', delivery: deliveryOf(row), title: offerOf(row).title, redeemedAt, isNew };
}

function offerOf(row: Pick<Row, 'offer_json'>): RenderedOffer {
  return JSON.parse(row.offer_json) as RenderedOffer;
}

/** A code that was redeemed, as staff see it. */
export interface ListedRedemption {
  /** The till's own id of it. */
  readonly id: string;
  readonly till: string;
  readonly delivery: string;
  readonly rule: string;
  readonly offer: { readonly title: string };
  readonly redeemedAt: number;
  /** When the till told it: later where it was offline. */
  readonly receivedAt: number;
}

const ORDER = {
  list: 'redemptions',
  timeColumn: 'redemptions.received_at',
  idColumn: 'redemptions.seq',
};

/** Newest first, by when they were told. */
export async function listRedemptions(
  db: Kysely<Schema>,
  filter: { readonly till?: string | undefined },
  page: PageRequest,
): Promise<Page<ListedRedemption>> {
  const rows = await db
    .selectFrom('redemptions')
    .innerJoin('deliveries', 'deliveries.id', 'redemptions.delivery_id')
    .selectAll('redemptions')
    .select(['deliveries.rule', 'deliveries.offer_json'])
    .$call(onPage(ORDER, page, { 'redemptions.till': filter.till }))
    .execute();
  return pageOf(
    ORDER,
    rows,
    page.limit,
    (row) => [row.received_at, row.seq],
    (row) => ({
      id: row.id,
      till: row.till,
      delivery: row.delivery_id,
      rule: row.rule,
      offer: { title: offerOf(row).title },
      redeemedAt: row.at,
      receivedAt: row.received_at,
    }),
  );
}

import type { Kysely } from 'kysely';
import type { Decision } from '../../rules/step.ts';
import { inChunks } from '../records/chunks.ts';
import type { Schema } from '../records/schema.ts';
import type { DialectStates } from './dialect-states.ts';
import type { EngineLedger } from './ledger.ts';
import { rememberSeen } from './once.ts';
import type { Outcome, VisitNote } from './outcome.ts';
import type { PacketMemory } from './packet-memory.ts';
import { pruneQuality, saveQuality } from './quality-save.ts';
import { quarantine } from './quarantine.ts';
import { quarantineRows } from './quarantine-rows.ts';
import type { RecordedDecision } from './recorded-decision.ts';
import { settleRetries } from './retries.ts';
import type { Subjects } from './subjects.ts';

export const ENGINE_CURSOR = 'engine';

export interface CommitContext {
  readonly db: Kysely<Schema>;
  readonly subjects: Subjects;
  readonly packets: PacketMemory;
  readonly dialects: DialectStates;
  readonly ledger: EngineLedger;
  readonly realNow: () => number;
  readonly newId: () => string;
  /** The last decision id that was given; the engine alone gives them. */
  lastDecisionId: number;
  lastSeenDay: number | null;
}

/**
 * Writes an outcome, the changed memories and the cursor as one transaction: either all of it is there after a crash, or
 * the same stretch of the journal is taken again from the same memories.
 *
 * @param now domain time of the newest of it, epoch ms
 * @param cursor journal sequence up to which it goes
 * @returns the decisions that are new
 */
export async function commitOutcome(
  context: CommitContext,
  outcome: Outcome,
  now: number,
  cursor: number,
): Promise<readonly RecordedDecision[]> {
  let decisionId = context.lastDecisionId;
  let seenDay = context.lastSeenDay;
  // Before the records are held: a payload may be a MiB.
  const refused = quarantineRows(outcome.quarantine);
  const recorded = await context.db.transaction().execute(async (transaction) => {
    decisionId = context.lastDecisionId;
    const fresh = await insertDeliveries(transaction, context, outcome.decisions, () => ++decisionId);
    await insertDecisions(transaction, fresh);
    await context.ledger.save(transaction, fresh);
    await upsertVisits(transaction, [...outcome.visits.values()]);
    await settleRetries(transaction, outcome.retries.values(), context.newId);
    await quarantine(transaction, refused, context.newId);
    await saveQuality(transaction, outcome.quality);
    await insertVerdicts(transaction, outcome);
    seenDay = await rememberSeen(transaction, outcome.identities, now, context.lastSeenDay);
    if (seenDay !== context.lastSeenDay) await pruneQuality(transaction, now);
    await context.packets.save(transaction);
    await context.dialects.save(transaction);
    await context.subjects.save(transaction);
    await writeCursor(transaction, ENGINE_CURSOR, cursor);
    return fresh;
  });
  context.packets.saved();
  context.dialects.saved();
  context.subjects.saved();
  context.ledger.saved(recorded);
  context.lastDecisionId = decisionId;
  context.lastSeenDay = seenDay;
  return recorded;
}

export async function readCursor(db: Kysely<Schema>, name: string): Promise<number> {
  const row = await db.selectFrom('cursors').select('seq').where('name', '=', name).executeTakeFirst();
  return row?.seq ?? 0;
}

export async function writeCursor(db: Kysely<Schema>, name: string, seq: number): Promise<void> {
  await db
    .insertInto('cursors')
    .values({ name, seq })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ seq }))
    .execute();
}

/**
 * Numbers the decisions, and queues a delivery for each that is sent. One whose delivery key exists was made before: it
 * is left out, so that one cause brings one offer whatever happened in between.
 */
async function insertDeliveries(
  transaction: Kysely<Schema>,
  context: CommitContext,
  decisions: readonly Decision[],
  nextId: () => number,
): Promise<readonly RecordedDecision[]> {
  const fresh: RecordedDecision[] = [];
  for (const decision of decisions) {
    if (decision.outcome.kind === 'suppressed') {
      fresh.push({ id: nextId(), deliveryId: null, decision });
      continue;
    }
    const { offer } = decision.outcome;
    const id = nextId();
    const deliveryId = context.newId();
    const realNow = context.realNow();
    const inserted = await transaction
      .insertInto('deliveries')
      .values({
        id: deliveryId,
        delivery_key: JSON.stringify([decision.rule, decision.consumer, decision.cause]),
        decision_id: id,
        rule: decision.rule,
        consumer: decision.consumer,
        channel: 'web-push',
        state: 'queued',
        attempts: 0,
        offer_json: JSON.stringify(offer),
        created_at: decision.at,
        next_attempt_at: realNow,
        expires_at_real: realNow + (offer.expiresAt - decision.at),
        sent_at: null,
        delivered_at: null,
        shown_at: null,
        clicked_at: null,
        dismissed_at: null,
        reason: null,
        variant: decision.variant ?? null,
        campaign: decision.campaign ?? null,
        code: offer.code ?? null,
      })
      .onConflict((conflict) => conflict.column('delivery_key').doNothing())
      .returning('id')
      .executeTakeFirst();
    if (inserted !== undefined) fresh.push({ id, deliveryId, decision });
  }
  return fresh;
}

async function insertDecisions(
  transaction: Kysely<Schema>,
  recorded: readonly RecordedDecision[],
): Promise<void> {
  const rows = recorded.map(({ id, deliveryId, decision }) => ({
    id,
    at: decision.at,
    rule: decision.rule,
    rule_version: decision.ruleVersion,
    consumer: decision.consumer,
    device: decision.device,
    place: decision.place ?? null,
    visit: decision.visit ?? null,
    cause: decision.cause,
    outcome: decision.outcome.kind,
    reason: decision.outcome.kind === 'suppressed' ? decision.outcome.reason : null,
    detail: decision.detail,
    delivery_id: deliveryId,
    variant: decision.variant ?? null,
    campaign: decision.campaign ?? null,
  }));
  for (const chunk of inChunks(rows)) await transaction.insertInto('decisions').values(chunk).execute();
}

async function upsertVisits(transaction: Kysely<Schema>, notes: readonly VisitNote[]): Promise<void> {
  const rows = notes.map(({ visit, consumer }) => ({
    id: visit.id,
    device: visit.device,
    consumer,
    place: visit.place,
    entered_at: visit.enteredAt,
    exited_at: visit.exitedAt ?? null,
    ended_by: visit.endedBy ?? null,
  }));
  for (const chunk of inChunks(rows)) {
    await transaction
      .insertInto('visits')
      .values(chunk)
      .onConflict((conflict) =>
        conflict.column('id').doUpdateSet((row) => ({
          exited_at: row.ref('excluded.exited_at'),
          ended_by: row.ref('excluded.ended_by'),
        })),
      )
      .execute();
  }
}

async function insertVerdicts(transaction: Kysely<Schema>, outcome: Outcome): Promise<void> {
  const rows = outcome.verdicts.map(({ seq, verdict, deviceKey = null }) => ({
    seq,
    verdict_json: JSON.stringify(verdict),
    device_key: deviceKey,
  }));
  for (const chunk of inChunks(rows)) {
    await transaction
      .insertInto('reading_verdicts')
      .values(chunk)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
}

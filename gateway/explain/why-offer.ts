import type { Kysely } from 'kysely';
import type { Purpose } from '../../rules/step.ts';
import { consentsAt } from '../records/consents.ts';
import type { StoredDecision } from '../records/decisions.ts';
import { listDeviceTypes } from '../records/device-types.ts';
import { decidingVersions, versionKey } from '../records/explain.ts';
import { type NamedPlace, placeNames } from '../records/place-names.ts';
import type { Schema } from '../records/schema.ts';
import { type RuleTold, ruleLooksAt, ruleTold, type TriggerTold } from './rule-told.ts';

/** Why somebody got an offer, as plain data: the page makes sentences of it. */
export interface WhyOffer {
  /** Type null: the device is not theirs any more. */
  readonly device: { readonly id: string; readonly type: string | null } | null;
  readonly place: NamedPlace | null;
  /** Null where the rule's version cannot be read any more. */
  readonly trigger: TriggerTold | null;
  /** What they had agreed to when it was decided. */
  readonly purposes: readonly PurposeAgreed[];
  /** What of their data the rule looked at. */
  readonly reads: readonly string[];
  readonly rule: RuleTold;
  readonly variant?: string;
  /** The decision's own sentence. */
  readonly detail: string;
}

export interface PurposeAgreed {
  readonly purpose: Purpose;
  /** When the consent was given that held then, domain time; null where none is on record. */
  readonly grantedAt: number | null;
  readonly policyVersion: number | null;
}

/** Why a consumer was sent an offer, from the decision itself and from what held then; devices and places by what they are now. */
export async function whyOffer(
  db: Kysely<Schema>,
  consumer: string,
  decision: StoredDecision,
): Promise<WhyOffer> {
  const { rule, ruleVersion, device, place, variant, detail } = decision;
  const document = (await decidingVersions(db, [decision])).get(versionKey(rule, ruleVersion));
  const looks = ruleLooksAt(document, await listDeviceTypes(db));
  const agreed = await consentsAt(db, consumer, decision.at);
  const places = await placeNames(db, place === undefined ? [] : [place]);
  return {
    device: await deviceTold(db, consumer, device),
    place: place === undefined ? null : { id: place, name: places.get(place) ?? null },
    trigger: looks.trigger,
    purposes: looks.purposes.map((purpose) => {
      const consent = agreed.get(purpose);
      const granted = consent?.granted === true ? consent : null;
      return { purpose, grantedAt: granted?.at ?? null, policyVersion: granted?.policyVersion ?? null };
    }),
    reads: looks.reads,
    rule: ruleTold(rule, document),
    ...(variant !== undefined && { variant }),
    detail,
  };
}

/** By id as it was then; the type is told only of a device that is theirs, for the id may be somebody else's by now. */
async function deviceTold(db: Kysely<Schema>, consumer: string, id: string): Promise<WhyOffer['device']> {
  const row = await db
    .selectFrom('devices')
    .select('type')
    .where('id', '=', id)
    .where('consumer_id', '=', consumer)
    .executeTakeFirst();
  return { id, type: row?.type ?? null };
}

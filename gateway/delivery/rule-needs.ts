import type { Kysely } from 'kysely';
import { purposesOf } from '../../rules/compiled-rule.ts';
import { parseRule } from '../../rules/document/rule.ts';
import { BUILT_IN_DEVICE_TYPES, type DeviceType, parseDeviceType } from '../../rules/readings/device-type.ts';
import type { Schema } from '../records/schema.ts';
import { parsedJson } from './parsed-json.ts';
import type { RuleFacts } from './send-check.ts';

const MAX_KEPT = 1_000;

/** Reads what a rule needs from its kept document (JSON text). */
export type RuleNeeds = (documentJson: string) => RuleFacts['needs'];

/**
 * Gives the reader that fits the device types of the records as they are now, for a metric's sensitivity decides which
 * purpose it needs. Each document is parsed once for as long as the device types stay.
 */
export function ruleNeedsFrom(db: Kysely<Schema>): () => Promise<RuleNeeds> {
  let current: { readonly documents: string; readonly needs: RuleNeeds } | null = null;
  return async () => {
    const rows = await db.selectFrom('device_types').selectAll().orderBy('id').execute();
    const documents = rows.map((row) => row.document_json).join('\n');
    if (current?.documents !== documents) {
      current = { documents, needs: keepingNeeds(deviceTypesOf(rows.map((row) => row.document_json))) };
    }
    return current.needs;
  };
}

function deviceTypesOf(documents: readonly string[]): readonly DeviceType[] {
  const types = new Map(BUILT_IN_DEVICE_TYPES.map((type) => [type.id, type]));
  for (const document of documents) {
    const parsed = parseDeviceType(parsedJson(document));
    if (parsed.ok) types.set(parsed.value.id, parsed.value);
  }
  return [...types.values()];
}

function keepingNeeds(deviceTypes: readonly DeviceType[]): RuleNeeds {
  const kept = new Map<string, RuleFacts['needs']>();
  return (documentJson) => {
    const known = kept.get(documentJson);
    if (known !== undefined) return known;
    const needs = parseNeeds(documentJson, deviceTypes);
    if (kept.size >= MAX_KEPT) kept.clear();
    kept.set(documentJson, needs);
    return needs;
  };
}

function parseNeeds(documentJson: string, deviceTypes: readonly DeviceType[]): RuleFacts['needs'] {
  const parsed = parseRule(parsedJson(documentJson), { deviceTypes, isSaved: true });
  if (!parsed.ok) return null;
  return {
    purposes: purposesOf(parsed.value, deviceTypes),
    ignoresQuietHours: parsed.value.limits.ignoreQuietHours,
  };
}

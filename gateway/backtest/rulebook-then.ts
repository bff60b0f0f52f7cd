import type { Kysely } from 'kysely';
import { NO_PACING, parsePacing } from '../../rules/pacing/pacing.ts';
import { parsePlace } from '../../rules/place.ts';
import { parseRule } from '../../rules/rule.ts';
import type { SavedRule } from '../../rules/rule-set.ts';
import { compileRulebook, type Rulebook } from '../../rules/rulebook.ts';
import { WaysideError } from '../errors.ts';
import { listCampaigns } from '../records/campaigns.ts';
import { listDeviceTypes } from '../records/device-types.ts';
import { getPacing } from '../records/pacing.ts';
import type { Schema } from '../records/schema.ts';
import { listSegments } from '../records/segments.ts';
import type { BacktestRequest } from './request.ts';

/** The version of a rule that was not saved. */
const UNSAVED_VERSION = 0;

/**
 * The rulebook of a backtest: places, segments and all else as they are now, the rule as if it were live, and the other live rules
 * unless it is tried alone.
 *
 * @throws WaysideError `invalid_document` where the rule is not understood any more
 */
export async function rulebookFor(
  db: Kysely<Schema>,
  request: BacktestRequest,
): Promise<{ readonly rulebook: Rulebook; readonly otherRules: number }> {
  const deviceTypes = await listDeviceTypes(db);
  const parsed = parseRule({ ...request.document, id: request.ruleId }, { deviceTypes });
  if (!parsed.ok) {
    const detail = parsed.problems.map(({ path, message }) => `${path} ${message}`).join('; ');
    throw new WaysideError('invalid_document', detail, { problems: parsed.problems });
  }
  const rule: SavedRule = { rule: parsed.value, version: request.version ?? UNSAVED_VERSION, state: 'live' };
  const rows = request.alone
    ? []
    : await db
        .selectFrom('rules')
        .selectAll()
        .where('state', '=', 'live')
        .where('id', '!=', request.ruleId)
        .execute();
  const others = rows.flatMap(({ version, document_json }): SavedRule[] => {
    const other = parseRule(JSON.parse(document_json), { deviceTypes });
    // The engine leaves such a rule out too, and says so in its log.
    return other.ok ? [{ rule: other.value, version, state: 'live' }] : [];
  });
  const places = (await db.selectFrom('places').select(['id', 'feature_json']).execute()).flatMap((row) => {
    const place = parsePlace(row.id, JSON.parse(row.feature_json));
    return place.ok ? [place.value] : [];
  });
  const pacing = parsePacing((await getPacing(db))?.document ?? {});
  const rulebook = compileRulebook({
    places,
    rules: [rule, ...others],
    deviceTypes,
    segments: await listSegments(db),
    campaigns: await listCampaigns(db),
    pacing: pacing.ok ? pacing.value : NO_PACING,
  });
  return { rulebook, otherRules: others.length };
}

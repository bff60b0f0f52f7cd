import { describe, expect, it } from 'vitest';
import { decide } from '../../rules/decide.ts';
import { emptyMemory } from '../../rules/memory.ts';
import { isHeldOut } from '../../rules/pacing/assignment.ts';
import { parseSensitiveZone } from '../../rules/places/sensitive-zone.ts';
import { BUILT_IN_DEVICE_TYPES } from '../../rules/readings/device-type.ts';
import { compileRulebook } from '../../rules/rulebook.ts';
import { type ConsumerFacts, SUPPRESSION_REASONS, type SuppressionReason } from '../../rules/step.ts';
import { countingLedger } from './counting-ledger.ts';
import { must, point, rule, timeOf, WILLING } from './scenario.ts';

const NOW = timeOf('10:00:00');
const HELD_OUT = Array.from({ length: 100 }, (_, index) => `consumer-${index}`).find((id) =>
  isHeldOut(id, 'offer', 0.5),
);

/** Everything that can forbid an offer of an event rule at the moment of deciding; each applies until it is lifted. */
const OBSTACLES = [
  'late_reading',
  'sensitive_zone',
  'rule_paused',
  'outside_schedule',
  'no_consent',
  'not_in_audience',
  'missing_value',
  'condition_false',
  'holdout',
  'quiet_hours',
  'cooldown',
  'consumer_cap',
  'global_cap',
  'rule_total',
  'no_code_left',
  'no_channel',
  'outranked',
] as const satisfies readonly SuppressionReason[];

/** What is decided where all of these apply at once. */
function decidedWith(obstacles: ReadonlySet<SuppressionReason>): string | undefined {
  const has = (reason: SuppressionReason) => obstacles.has(reason);
  const document = {
    id: 'offer',
    trigger: { event: 'x' },
    when: 'metrics.amount > 5',
    audience: { segment: 'vips' },
    schedule: has('outside_schedule') ? { hours: '11:00-12:00' } : {},
    limits: {
      cooldown: has('cooldown') ? 'PT1H' : 'PT0S',
      total: 10,
      ...(has('consumer_cap') && { perConsumer: { count: 1, per: 'PT1H' } }),
    },
    experiment: { holdout: has('holdout') ? 0.5 : 0 },
    offer: { title: 'x', body: '{{ code }}', code: 'pool' },
  };
  const rival = { id: 'rival', trigger: { event: 'x' }, weight: 50, limits: { quietHours: 'ignore' } };
  const zone = must(
    parseSensitiveZone('clinic', {
      type: 'Feature',
      geometry: { type: 'Point', coordinates: [point(0, 0).lon, point(0, 0).lat] },
      properties: { radiusMetres: 50, category: 'health_care' },
    }),
  );
  const book = compileRulebook({
    places: [],
    zones: has('sensitive_zone') ? [zone] : [],
    rules: [
      { rule: rule(document), version: 1, state: has('rule_paused') ? 'paused' : 'live' },
      ...(has('outranked') ? [{ rule: rule(rival), version: 1, state: 'live' as const }] : []),
    ],
    deviceTypes: BUILT_IN_DEVICE_TYPES,
    segments: [{ id: 'vips', name: 'VIPs', when: 'consumer.attributes.vip == true' }],
    pacing: { perConsumer: has('global_cap') ? { count: 1, perMs: 3_600_000 } : null },
  });
  const consumer: ConsumerFacts = {
    ...WILLING,
    id: HELD_OUT ?? '',
    granted: has('no_consent') ? [] : WILLING.granted,
    attributes: { vip: !has('not_in_audience') },
    quietHours: has('quiet_hours') ? { from: '09:00', to: '11:00' } : null,
    reachable: !has('no_channel'),
  };
  const memory = {
    ...emptyMemory,
    doneUntil: NOW - 60_000,
    sentTimes: { offer: [NOW - 60_000] },
    allSentTimes: [NOW - 60_000],
  };
  const ledger = countingLedger({
    rules: { offer: has('rule_total') ? 10 : 0 },
    codes: { pool: has('no_code_left') ? [] : ['A1'] },
  });
  const amount = has('condition_false') ? 1 : 9;
  const step = decide(
    book,
    memory,
    {
      kind: 'reading',
      device: { id: 'card-1', type: 'card' },
      consumer,
      reading: {
        at: has('late_reading') ? NOW - 600_000 : NOW,
        position: point(0, 0),
        event: 'x',
        ...(has('missing_value') ? {} : { metrics: { amount } }),
      },
      readingId: '1',
    },
    NOW,
    ledger,
  );
  const decision = step.decisions.find((one) => one.rule === 'offer');
  return decision?.outcome.kind === 'suppressed' ? decision.outcome.reason : decision?.outcome.kind;
}

describe('the reasons for which an offer is not sent', () => {
  it('are tried in the order of the list: the first that applies is the decision’s', () => {
    expect(HELD_OUT).toBeDefined();
    const left = new Set<SuppressionReason>(OBSTACLES);
    for (const reason of OBSTACLES) {
      expect(decidedWith(left), [...left].join(', ')).toBe(reason);
      left.delete(reason);
    }
    expect(decidedWith(left)).toBe('sent');
  });

  it('each suffice alone', () => {
    for (const reason of OBSTACLES) expect(decidedWith(new Set([reason])), reason).toBe(reason);
  });

  it('are the closed list, save those that need a place or time to pass', () => {
    const others: readonly SuppressionReason[] = ['implausible_jump', 'expired'];
    const all = SUPPRESSION_REASONS.filter((reason) => !others.includes(reason));
    expect(OBSTACLES).toEqual(all);
  });
});

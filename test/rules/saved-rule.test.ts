import { describe, expect, it } from 'vitest';
import { purposesOf } from '../../rules/compiled-rule.ts';
import { decide } from '../../rules/decide.ts';
import { parseRule, type Rule } from '../../rules/document/rule.ts';
import { emptyMemory } from '../../rules/memory.ts';
import { BUILT_IN_DEVICE_TYPES } from '../../rules/readings/device-type.ts';
import { compileRulebook } from '../../rules/rulebook.ts';
import { circle, must, point, timeOf, WILLING } from './scenario.ts';

const NOW = timeOf('10:00:00');
const context = { deviceTypes: BUILT_IN_DEVICE_TYPES };
const document = (over: object) => ({
  id: 'old',
  trigger: { place: { id: 'cafe' }, on: 'enter' },
  offer: { title: 'Hello', body: 'you' },
  ...over,
});
const savedRule = (over: object): Rule => must(parseRule(document(over), { ...context, isSaved: true }));

/** What a rule as it lies in the records comes to for somebody who enters the café. */
function decided(rule: Rule, consumer = WILLING) {
  const rulebook = compileRulebook({
    places: [circle('cafe', { radius: 100, tags: ['coffee', 'chain:acme'] })],
    rules: [{ rule, version: 1, state: 'live' }],
    deviceTypes: BUILT_IN_DEVICE_TYPES,
  });
  const reading = { position: { ...point(0, 0), accuracy: 5 } };
  const device = { id: 'car-1', type: 'car' };
  const { decisions } = decide(
    rulebook,
    emptyMemory,
    { kind: 'reading', device, consumer, reading, readingId: '1' },
    NOW,
  );
  expect(decisions).toHaveLength(1);
  return decisions[0];
}

describe('a rule that an earlier version saved and this one would refuse', () => {
  it.each([
    ['two macros over tags', { when: 'place.tags.exists(t, place.tags.exists(u, u == "coffee" && t != u))' }],
    ['one over parts of a tag', { when: 'place.tags.exists(t, t.split(":").exists(part, part == "acme"))' }],
    ['one over a written list', { when: '["a", "coffee"].exists(t, place.tags.exists(u, u == t))' }],
    ['a literal that is never asked for', { when: 'true || now > timestamp("next week")' }],
    ['hours with a third part', { schedule: { hours: '07:00-22:00-23:00', timezone: 'UTC' } }],
  ])('is evaluated where that is safe: %s', (_, over) => {
    expect(parseRule(document(over), context).ok).toBe(false);
    expect(decided(savedRule(over))?.outcome.kind).toBe('sent');
  });

  it.each([
    [
      'three macros in one another',
      { when: 'place.tags.exists(a, place.tags.exists(b, place.tags.exists(c, a == b && b == c)))' },
      'stands inside another exists()',
    ],
    [
      'macros over what devices and people say',
      { when: 'consumer.attributes.exists(a, consumer.attributes.exists(b, a != b))' },
      'stands inside another exists()',
    ],
    ['a pattern', { when: 'place.name.matches("(a+)+b")' }, 'matches() is not allowed'],
    ['a metric that is gone', { when: 'metrics.nothing > 1' }, '"metrics.nothing" is not known'],
    ['no CEL at all', { when: 'fuel <' }, 'is not a CEL expression'],
    [
      'a text of an offer',
      { offer: { title: 'x {% for a in b %}', body: 'y' } },
      'the tag "for" is not known',
    ],
  ])('else stays in force, and its decisions say what is wrong: %s', (_, over, why) => {
    expect(parseRule(document(over), context).ok).toBe(false);
    const decision = decided(savedRule(over));
    expect(decision?.outcome).toEqual({ kind: 'suppressed', reason: 'missing_value' });
    expect(decision?.detail).toContain('can no longer be read');
    expect(decision?.detail).toContain(why);
  });

  it('tells of a literal that is none, once that is asked for', () => {
    const decision = decided(savedRule({ when: 'now > timestamp("next week")' }));
    expect(decision?.outcome).toEqual({ kind: 'suppressed', reason: 'condition_false' });
    expect(decision?.detail).toContain('"next week" is no time');
  });

  it('needs the consent that its condition asks for', () => {
    const when = 'place.tags.exists(t, place.tags.exists(u, t == u)) && metrics.fuel < 0.5';
    expect(purposesOf(savedRule({ when }), BUILT_IN_DEVICE_TYPES)).toEqual([
      'location_offers',
      'device_offers',
    ]);
  });
});

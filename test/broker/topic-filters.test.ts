import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isCovered, isTopicFilter, isTopicName, matches, overlap } from '../../broker/topic-filters.ts';

const word = fc.constantFrom('a', 'b', '');
const topic = fc.array(word, { minLength: 1, maxLength: 4 }).map((levels) => levels.join('/'));
const filter = fc
  .tuple(fc.array(fc.constantFrom('a', 'b', '', '+'), { maxLength: 3 }), fc.boolean())
  .filter(([levels, open]) => levels.length > 0 || open)
  .map(([levels, open]) => [...levels, ...(open ? ['#'] : [])].join('/'));
const filters = fc.array(filter, { maxLength: 4 });

describe('topic filters', () => {
  it.each([
    ['sport/tennis/#', 'sport/tennis', true],
    ['sport/tennis/#', 'sport/tennis/a/b', true],
    ['#', 'a/b', true],
    ['+', 'a', true],
    ['+', 'a/b', false],
    ['+', '/a', false],
    ['+/+', '/a', true],
    ['/+', '/a', true],
    ['sport/+', 'sport', false],
    ['sport/+', 'sport/', true],
    ['a/+/c', 'a/b/c', true],
    ['a/+/c', 'a/b/d', false],
    ['a/b', 'a/b/c', false],
  ])('%j on %j: %j', (given, name, expected) => {
    expect(matches(given, name)).toBe(expected);
  });

  it.each([
    [['devices/+/telemetry'], 'devices/+/telemetry', true],
    [['devices/+/telemetry'], 'devices/a/telemetry', true],
    [['devices/+/telemetry'], 'devices/+/+', false],
    [['devices/+/telemetry'], 'devices/#', false],
    [['devices/a/#'], 'devices/a', true],
    [['devices/a/+'], 'devices/a/#', false],
    [['#'], '#', true],
    [['#'], '+/+', true],
    [['+'], '#', false],
    [[], 'a', false],
    // Neither covers it alone, but together they leave nothing out.
    [['a', 'a/+/#'], 'a/#', true],
    [['a', 'a/+', 'a/+/+/#'], 'a/#', true],
    [['a', 'a/+/+/#'], 'a/#', false],
    [['+', '+/+/#'], '#', true],
  ])('%j cover %j: %j', (allowed, requested, expected) => {
    expect(isCovered(allowed, requested)).toBe(expected);
  });

  it('that are covered bring nothing that is not allowed', () => {
    fc.assert(
      fc.property(filters, filter, topic, (allowed, requested, name) => {
        fc.pre(isCovered(allowed, requested) && matches(requested, name));
        expect(allowed.some((one) => matches(one, name))).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('that are not covered would bring something that is not allowed', () => {
    const fresh = (requested: string, depth: number) =>
      requested
        .split('/')
        .flatMap((level) =>
          level === '#' ? Array<string>(depth).fill('fresh') : level === '+' ? ['fresh'] : [level],
        )
        .join('/');
    fc.assert(
      fc.property(filters, filter, (allowed, requested) => {
        fc.pre(!isCovered(allowed, requested));
        const examples = Array.from({ length: 6 }, (_, depth) => fresh(requested, depth)).filter((name) =>
          matches(requested, name),
        );
        expect(examples.every((name) => allowed.some((one) => matches(one, name)))).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });

  it('overlap where a topic matches both', () => {
    fc.assert(
      fc.property(filter, filter, topic, (one, other, name) => {
        if (matches(one, name) && matches(other, name)) expect(overlap(one, other)).toBe(true);
      }),
      { numRuns: 2000 },
    );
    expect(overlap('devices/+/telemetry', 'devices/a/+')).toBe(true);
    expect(overlap('devices/+/telemetry', 'devices/a/commands/#')).toBe(false);
    expect(overlap('devices/+/telemetry', 'home/#')).toBe(false);
  });

  it.each([
    '',
    'a/#/b',
    'a#',
    'a+/b',
    'a/+b',
    '$SYS/#',
    '$share/g/a',
    'a\u0000',
    'a\u0007b',
    'a\ufffd',
    `${'a/'.repeat(40)}b`,
    'x'.repeat(513),
  ])('%j is no filter', (text) => {
    expect(isTopicFilter(text)).toBe(false);
  });

  it.each(['a/+', '#', 'a/#', '', '$SYS/x', 'a\u0000'])('%j is no topic', (text) => {
    expect(isTopicName(text)).toBe(false);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { lineDiff, normalisedYaml } from '../../../gateway/http/rule-diff.ts';

describe('the difference of two texts', () => {
  const lines = fc.array(fc.constantFrom('a', 'b', 'c', '- d', '+ e'), { maxLength: 30 });
  const side = (diff: readonly string[], signs: readonly string[]) =>
    diff.filter((line) => signs.includes(line.slice(0, 2))).map((line) => line.slice(2));

  it('holds both of them, whatever they are', () => {
    fc.assert(
      fc.property(lines, lines, (before, after) => {
        const diff = lineDiff(before.join('\n'), after.join('\n'));
        expect(side(diff, ['  ', '- '])).toEqual(before);
        expect(side(diff, ['  ', '+ '])).toEqual(after);
      }),
    );
  });

  it('tells no more than has to be told', () => {
    expect(lineDiff('a\nb\nc\n', 'a\nx\nc\n')).toEqual(['  a', '- b', '+ x', '  c']);
    expect(lineDiff('a\nb', 'a\nb')).toEqual(['  a', '  b']);
    expect(lineDiff('', 'a')).toEqual(['+ a']);
    expect(lineDiff('a\nb\nc\nd', 'b\nd\nc').filter((line) => line.startsWith('  '))).toHaveLength(2);
  });

  it('is told of texts of any length, and soon', () => {
    const long = (mark: string) => Array.from({ length: 20_000 }, (_, n) => `${mark}${n}`).join('\n');
    const diff = lineDiff(`same\n${long('a')}`, `same\n${long('b')}`);
    expect([diff.length, diff[0], diff.at(-1)]).toEqual([40_001, '  same', '+ b19999']);
  });
});

describe('a rule as YAML', () => {
  it('is the same text however the rule was written, and says the same', () => {
    const rule = {
      offer: { expires: 'PT1H', body: 'b: "c"\nd', title: '{{ place.name }}' },
      trigger: { on: 'enter', place: { tag: 'coffee' } },
      when: 'metrics.fuel < 0.1',
      id: 'a',
    };
    const text = normalisedYaml(rule);
    expect(text).toMatch(
      /^id: a\ntrigger:\n {2}place:\n {4}tag: coffee\n {2}on: enter\nwhen: metrics\.fuel < 0\.1\noffer:\n/,
    );
    expect(parse(text)).toEqual(rule);
    expect(normalisedYaml(parse(text))).toBe(text);
  });

  it('gives back any document', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })), (document) => {
        expect(JSON.stringify(sorted(parse(normalisedYaml(document))))).toBe(
          JSON.stringify(sorted(document)),
        );
      }),
      { numRuns: 200 },
    );
  });
});

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value === 0 ? 0 : value;
  return Object.entries(value)
    .map(([key, inner]) => [key, sorted(inner)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

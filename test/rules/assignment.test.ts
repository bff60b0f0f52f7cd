import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isHeldOut, murmurHash3, variantFor } from '../../rules/pacing/assignment.ts';

const PEOPLE = 100_000;
const consumer = (index: number) => `consumer-${index}`;
const a = { name: 'a', weight: 1 };
const b = { name: 'b', weight: 1 };
const c = { name: 'c', weight: 2 };

/** Of everybody, how many. */
function count(isMeant: (consumerId: string) => boolean): number {
  let found = 0;
  for (let index = 0; index < PEOPLE; index++) if (isMeant(consumer(index))) found += 1;
  return found;
}

/** Three standard deviations of a binomial share round what is expected. */
function expectShare(found: number, share: number, of = PEOPLE): void {
  expect(Math.abs(found - share * of)).toBeLessThan(3 * Math.sqrt(of * share * (1 - share)));
}

/** A text whose UTF-16LE bytes are these ASCII letters. */
const asBytes = (letters: string): string =>
  Array.from({ length: letters.length / 2 }, (_, index) =>
    String.fromCharCode(letters.charCodeAt(2 * index) | (letters.charCodeAt(2 * index + 1) << 8)),
  ).join('');

describe('the hash', () => {
  it('is MurmurHash3 x86 32', () => {
    // Published vectors: https://github.com/aappleby/smhasher and its ports.
    expect(murmurHash3('', 0)).toBe(0);
    expect(murmurHash3('', 1)).toBe(0x514e28b7);
    expect(murmurHash3('', 0xffffffff)).toBe(0x81f16f39);
    expect(murmurHash3(asBytes('test'), 0)).toBe(0xba6bd213);
    expect(murmurHash3(asBytes('test'), 0x9747b28c)).toBe(0x704b81dc);
    expect(murmurHash3('\0\0', 0)).toBe(0x2362f9de);
  });
});

describe('who is held out', () => {
  it('is the share that the rule says, within three standard deviations', () => {
    for (const [rule, share] of [
      ['fuel-when-low', 0.1],
      ['coffee', 0.5],
      ['hello', 0.01],
    ] as const) {
      expectShare(
        count((id) => isHeldOut(id, rule, share)),
        share,
      );
    }
  });

  it('is independent between rules', () => {
    expectShare(
      count((id) => isHeldOut(id, 'one', 0.3) && isHeldOut(id, 'two', 0.3)),
      0.09,
    );
  });

  it('is independent of the variant', () => {
    const held = count((id) => isHeldOut(id, 'one', 0.3));
    expectShare(
      count((id) => isHeldOut(id, 'one', 0.3) && variantFor(id, 'one', [a, b])?.name === 'a'),
      0.5,
      held,
    );
  });

  it('stays so when the share grows', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.double({ min: 0, max: 1, noNaN: true }), (id, rule, share) => {
        if (isHeldOut(id, rule, share / 2)) expect(isHeldOut(id, rule, share)).toBe(true);
        expect(isHeldOut(id, rule, 0)).toBe(false);
        expect(isHeldOut(id, rule, 1)).toBe(true);
      }),
    );
  });
});

describe('the variant of a consumer', () => {
  it('goes by the weights, within three standard deviations', () => {
    const got = (name: string) => count((id) => variantFor(id, 'coffee', [a, b, c])?.name === name);
    expectShare(got('a'), 0.25);
    expectShare(got('b'), 0.25);
    expectShare(got('c'), 0.5);
  });

  it('is independent between rules', () => {
    const isA = (id: string, rule: string) => variantFor(id, rule, [a, b])?.name === 'a';
    expectShare(
      count((id) => isA(id, 'one') && isA(id, 'two')),
      0.25,
    );
  });

  it('does not depend on the order in which they are written', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (id, rule) => {
        const names = [
          [a, b, c],
          [c, a, b],
          [b, c, a],
        ].map((list) => variantFor(id, rule, list)?.name);
        expect(new Set(names).size).toBe(1);
      }),
    );
  });

  it('changes only to a variant that came or grew, and only for as many as it must', () => {
    let moved = 0;
    for (let index = 0; index < PEOPLE; index++) {
      const id = consumer(index);
      const before = variantFor(id, 'coffee', [a, b]);
      const after = variantFor(id, 'coffee', [a, b, c]);
      if (after !== c) expect(after).toBe(before);
      else moved += 1;
      const grown = { ...b, weight: 3 };
      const later = variantFor(id, 'coffee', [a, grown]);
      if (before === b) expect(later).toBe(grown);
    }
    expectShare(moved, 0.5);
  });

  it('is none where there is none', () => {
    expect(variantFor('anna', 'coffee', [])).toBeNull();
  });
});

describe('what was dealt once', () => {
  it('stays: a change of these values would put people on another side of running experiments', () => {
    const dealt = (rule: string) =>
      Array.from({ length: 12 }, (_, index) => {
        const id = consumer(index);
        return isHeldOut(id, rule, 0.25) ? '-' : variantFor(id, rule, [a, b, c])?.name;
      }).join('');
    expect({
      coffee: dealt('coffee'),
      fuel: dealt('fuel-when-low'),
      anna: [0.1, 0.2, 0.5, 0.9].map((share) => isHeldOut('anna', 'coffee', share)),
      accents: variantFor('Zoë 🚗', 'coffee', [a, b, c])?.name,
    }).toEqual({
      coffee: 'c-cb--b-acbc',
      fuel: '-a-cbcac-caa',
      anna: [false, false, false, true],
      accents: 'a',
    });
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Place } from '../../rules/places/place.ts';
import { placeSetOf } from '../../rules/places/place-set.ts';
import { circle, point } from './scenario.ts';

const isCoffee = ({ tags }: Place) => tags.includes('coffee');

const put = fc.record({
  id: fc.integer({ min: 0, max: 30 }).map((n) => `p${n}`),
  east: fc.integer({ min: -2000, max: 2000 }),
  isCoffee: fc.boolean(),
});
const change = fc.record({
  put: fc.array(put, { maxLength: 20 }),
  remove: fc.array(
    fc.integer({ min: 0, max: 30 }).map((n) => `p${n}`),
    { maxLength: 10 },
  ),
});

describe('a part of a set of places', () => {
  it('is what a set of these places alone would be, whatever edits came before and after', () => {
    let looked = 0;
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), fc.nat(5), (changes, askedAt) => {
        let set = placeSetOf([]);
        for (const [index, { put, remove }] of changes.entries()) {
          if (index >= askedAt) set.part('coffee', isCoffee);
          const places = put.map(({ id, east, isCoffee }) =>
            circle(id, { east, radius: 100, tags: isCoffee ? ['coffee'] : ['tea'] }),
          );
          set = set.with({ put: places, remove });
        }
        const part = set.part('coffee', isCoffee);
        const alone = [...set.all()].filter(({ place }) => isCoffee(place));
        expect(part.size).toBe(alone.length);
        const ids = (found: readonly { readonly place: Place }[]) => found.map(({ place }) => place.id);
        for (const east of [-1500, 0, 800]) {
          const { lat, lon } = point(east, 0);
          const near = (of: typeof set) => ids(of.within(lat, lon, 600).map(({ compiled }) => compiled));
          const wanted = set.within(lat, lon, 600).filter(({ compiled }) => isCoffee(compiled.place));
          expect(near(part)).toEqual(ids(wanted.map(({ compiled }) => compiled)));
          expect(ids(part.at(lat, lon))).toEqual(
            ids(set.at(lat, lon).filter(({ place }) => isCoffee(place))),
          );
          looked += wanted.length;
        }
      }),
      { numRuns: 100, seed: 5 },
    );
    expect(looked).toBeGreaterThan(100);
  });

  it('is made once, and goes when others are asked for', () => {
    const set = placeSetOf([circle('a', { radius: 100, tags: ['coffee'] }), circle('b', { radius: 100 })]);
    const part = set.part('coffee', isCoffee);
    expect(set.part('coffee', () => true)).toBe(part);
    expect(set.with({ put: [], remove: ['a'] }).part('coffee', () => true).size).toBe(0);
    for (const name of ['one', 'two', 'three']) set.part(name, () => true);
    expect(set.with({ put: [], remove: [] }).part('coffee', () => true).size).toBe(2);
  });
});

import { describe, expect, it } from 'vitest';
import { createHandedOver } from '../../../gateway/engine/handed-over.ts';
import type { Stretch } from '../../../gateway/engine/stretch.ts';

const MIB = 1024 * 1024;

/** The n-th of stretches with one reading each. */
const stretch = (n: number, bytes: number): Stretch => ({
  afterSeq: n,
  upToSeq: n + 1,
  points: [{ deviceKey: 'k', at: n, seq: n + 1, receivedAt: n, flags: [] }],
  bytes,
});

describe('what is handed over', () => {
  it('is dropped where it comes to more bytes than may wait, and begins anew behind', () => {
    const waiting = createHandedOver();
    for (let n = 0; n < 8; n += 1) waiting.add(stretch(n, 8 * MIB));
    expect(waiting).toMatchObject({ afterSeq: 0, points: 8, bytes: 64 * MIB });
    waiting.add(stretch(8, 1));
    expect(waiting).toMatchObject({ afterSeq: null, points: 0, bytes: 0 });
    waiting.add(stretch(9, 1));
    expect(waiting).toMatchObject({ afterSeq: 9, points: 1, bytes: 1 });
  });

  it('is taken for one write as far as that is no more than some bytes, one stretch at least', () => {
    const waiting = createHandedOver();
    for (const [n, bytes] of [20 * MIB, 7 * MIB, 9 * MIB, 1, 2].entries()) waiting.add(stretch(n, bytes));
    const taken = [waiting.take(), waiting.take(), waiting.take()];
    expect(taken.map(({ afterSeq, upToSeq, bytes }) => [afterSeq, upToSeq, bytes])).toEqual([
      [0, 1, 20 * MIB],
      [1, 3, 16 * MIB],
      [3, 5, 3],
    ]);
    expect(taken[1]?.points.map(({ seq }) => seq)).toEqual([2, 3]);
    expect(waiting).toMatchObject({ afterSeq: null, points: 0, bytes: 0 });
  });
});

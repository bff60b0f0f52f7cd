import { expect, it } from 'vitest';
import { offerLife } from '../../dashboard/consumer/offer/offer-life.ts';

const ENDS = 1_000_000;

it.each([
  ['open', 'sent', ENDS - 1, { kind: 'open', msLeft: 1 }],
  ['open, though it was put away', 'dismissed', ENDS - 60_000, { kind: 'open', msLeft: 60_000 }],
  ['open, though no browser took it', 'gone', ENDS - 5, { kind: 'open', msLeft: 5 }],
  ['ended at its very end', 'clicked', ENDS, { kind: 'ended' }],
  ['ended where the gateway says so', 'expired', ENDS - 5, { kind: 'ended' }],
  ['redeemed, also after its end', 'redeemed', ENDS + 5, { kind: 'redeemed' }],
  ['withdrawn', 'withdrawn', ENDS - 5, { kind: 'withdrawn' }],
] as const)('an offer is %s', (_name, state, now, life) => {
  expect(offerLife({ state, expiresAt: ENDS }, now)).toEqual(life);
});

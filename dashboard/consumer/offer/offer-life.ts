import type { DeliveryState } from '../../../gateway/records/schema.ts';

/** Where an offer stands for the person it was made to. */
export type OfferLife =
  | { readonly kind: 'open'; readonly msLeft: number }
  | { readonly kind: 'ended' }
  | { readonly kind: 'redeemed' }
  | { readonly kind: 'withdrawn' };

/** Where an offer stands at a moment (epoch ms). How it travelled matters to those who sent it, not here. */
export function offerLife(
  offer: { readonly state: DeliveryState; readonly expiresAt: number },
  now: number,
): OfferLife {
  if (offer.state === 'redeemed') return { kind: 'redeemed' };
  if (offer.state === 'withdrawn') return { kind: 'withdrawn' };
  const msLeft = offer.expiresAt - now;
  return msLeft > 0 && offer.state !== 'expired' ? { kind: 'open', msLeft } : { kind: 'ended' };
}

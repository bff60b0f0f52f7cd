import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import type { ReceivedOffer } from '../../api/me-shapes.ts';
import { tellOfOffer } from '../offer/tell-of-offer.ts';
import { OFFERS_KEY } from './use-offers.ts';

/** Tells of offers that came by no notification that they have been seen, for they stand in the list. */
export function useShownReceipts(offers: readonly ReceivedOffer[]): void {
  const queries = useQueryClient();
  const told = useRef(new Set<string>());
  useEffect(() => {
    const unseen = offers.filter(({ id, state }) => state === 'sent' && !told.current.has(id));
    if (unseen.length === 0) return;
    for (const { id } of unseen) told.current.add(id);
    void Promise.all(unseen.map(({ id }) => tellOfOffer(id, 'shown'))).then(() =>
      queries.invalidateQueries({ queryKey: OFFERS_KEY }),
    );
  }, [offers, queries]);
}

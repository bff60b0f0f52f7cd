import { useState } from 'react';
import { webAddress } from '../worker/push-message.ts';

/**
 * An offer's picture, in a frame whose size does not depend on it, so that nothing moves when it comes. It is decoration: what counts is
 * said in words. One that does not come, as offline, leaves nothing behind.
 */
export function OfferImage({ offer }: { readonly offer: { readonly image?: string } }) {
  const source = webAddress(offer.image);
  const [hasFailed, setFailed] = useState(false);
  if (source === null) return null;
  return (
    <span className="offer-image">
      {!hasFailed && (
        <img src={source} alt="" loading="lazy" decoding="async" onError={() => setFailed(true)} />
      )}
    </span>
  );
}

import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import type { ReceivedOffer } from '../../api/me-shapes.ts';
import { Icon } from '../../look/icons.tsx';
import { useFormats } from '../i18n/use-formats.ts';
import { LifeMark } from '../offer/LifeMark.tsx';
import { OfferImage } from '../offer/OfferImage.tsx';
import { offerLife } from '../offer/offer-life.ts';

/** One offer of the inbox; all of it leads to the offer's page. */
export function OfferRow({ offer, now }: { readonly offer: ReceivedOffer; readonly now: number }) {
  const { t } = useTranslation('offers');
  const formats = useFormats();
  const life = offerLife(offer, now);
  return (
    <li>
      <Link href={`/offers/${encodeURIComponent(offer.id)}`} className={`offer-row offer-${life.kind}`}>
        <OfferImage offer={offer} />
        <div className="offer-row-words">
          <h2>{offer.title}</h2>
          {offer.body !== '' && <p>{offer.body}</p>}
          <div className="offer-row-foot">
            <LifeMark life={life} />
            {offer.code !== undefined && life.kind === 'open' && (
              <span className="mark mark-code">{t('code')}</span>
            )}
            <time
              dateTime={new Date(offer.createdAt).toISOString()}
              title={formats.dateTime(offer.createdAt)}
            >
              {formats.relative(offer.createdAt, now)}
            </time>
          </div>
        </div>
        <Icon name="chevron" />
      </Link>
    </li>
  );
}

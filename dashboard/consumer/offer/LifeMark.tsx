import { useTranslation } from 'react-i18next';
import { Icon } from '../../look/icons.tsx';
import { useFormats } from '../i18n/use-formats.ts';
import type { OfferLife } from './offer-life.ts';

/** Below this an offer is nearly over, and says so with its colour. */
const SOON_MS = 15 * 60_000;

/** Where an offer stands, in a word or two. Counts down in silence: a screen reader hears it when it comes by. */
export function LifeMark({ life }: { readonly life: OfferLife }) {
  const { t } = useTranslation('offers');
  const formats = useFormats();
  if (life.kind !== 'open') {
    return <span className={`mark mark-${life.kind}`}>{t(`state.${life.kind}`)}</span>;
  }
  return (
    <span className={`mark ${life.msLeft < SOON_MS ? 'mark-soon' : 'mark-open'}`}>
      <Icon name="clock" size={14} />
      {t('state.left', { time: formats.span(life.msLeft) })}
    </span>
  );
}

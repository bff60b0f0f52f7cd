import './why.css';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import type { OfferWhy } from '../../api/my-data-shapes.ts';
import { useFormats } from '../i18n/use-formats.ts';
import { Card } from '../parts/Card.tsx';
import { useMe } from '../shell/use-me.ts';
import { whySentences } from './why-words.ts';

interface Props {
  readonly offer: { readonly id: string; readonly why: OfferWhy };
}

/** "Why did I get this?", in plain sentences; ids are under the details alone. */
export function Why({ offer: { id, why } }: Props) {
  const { t } = useTranslation(['why', 'settings', 'data']);
  const formats = useFormats();
  const { consents } = useMe();
  return (
    <Card title={t('why:title')} className="why">
      <ul className="why-sentences">
        {whySentences(why, consents, t, formats).map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
      <p>
        <Link href="/settings">{t('why:change')}</Link>
      </p>
      <details>
        <summary>{t('why:details')}</summary>
        <dl className="why-details">
          <dt>{t('why:detail.said')}</dt>
          <dd lang="en">{why.detail}</dd>
          <dt>{t('why:detail.offer')}</dt>
          <dd>{id}</dd>
          <dt>{t('why:detail.rule')}</dt>
          <dd>{why.rule.id}</dd>
          {why.device !== null && (
            <>
              <dt>{t('why:detail.device')}</dt>
              <dd>{why.device.id}</dd>
            </>
          )}
          {why.place !== null && (
            <>
              <dt>{t('why:detail.place')}</dt>
              <dd>{why.place.id}</dd>
            </>
          )}
          {why.variant !== undefined && (
            <>
              <dt>{t('why:detail.variant')}</dt>
              <dd>{why.variant}</dd>
            </>
          )}
        </dl>
      </details>
    </Card>
  );
}

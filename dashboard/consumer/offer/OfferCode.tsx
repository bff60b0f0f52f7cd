import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '../../look/icons.tsx';
import { QrCode } from '../../look/QrCode.tsx';
import { Button } from '../parts/Button.tsx';
import { Card } from '../parts/Card.tsx';

/** How long the button says that it has copied. */
const SAY_COPIED_MS = 2_500;

/** The offer's code: to read out, to copy, and for a scanner. */
export function OfferCode({ code }: { readonly code: string }) {
  const { t } = useTranslation('offers');
  const [copying, setCopying] = useState<'not' | 'done' | 'failed'>('not');
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(code);
      setCopying('done');
      setTimeout(() => setCopying('not'), SAY_COPIED_MS);
    } catch (error) {
      if (!(error instanceof DOMException || error instanceof TypeError)) throw error;
      setCopying('failed');
    }
  };
  return (
    <Card title={t('offer.codeTitle')} className="offer-code">
      <output className="offer-code-text">{code}</output>
      <Button onClick={() => void copy()}>
        <Icon name={copying === 'done' ? 'check' : 'copy'} />
        {copying === 'done' ? t('offer.copied') : t('offer.copy')}
      </Button>
      <QrCode text={code} label={t('offer.qr', { code })} />
      <p className="soft">{t('offer.codeHint')}</p>
      <p className="visually-hidden" role="status">
        {copying === 'done' && t('offer.copied')}
      </p>
      {copying === 'failed' && (
        <p className="wrong" role="alert">
          {t('offer.copyFailed')}
        </p>
      )}
    </Card>
  );
}

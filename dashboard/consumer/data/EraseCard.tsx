import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { request } from '../../api/request.ts';
import { Button } from '../parts/Button.tsx';
import { Card } from '../parts/Card.tsx';
import { FailureLine } from '../parts/Failure.tsx';
import { dropClaim } from '../settings/pending-claim.ts';
import { forgetKept } from '../shell/kept.ts';
import { farewellAddress } from './Farewell.tsx';
import { forgetThisBrowser } from './forget-this-browser.ts';

interface Erased {
  readonly state: 'erased' | 'pending';
}

const GOES = ['record', 'devices', 'places', 'offers'] as const;

/** Erasure of all that is known of the person: asked for, explained, read, and only then done. */
export function EraseCard() {
  const { t } = useTranslation('data');
  const [isAsked, setIsAsked] = useState(false);
  const [isRead, setIsRead] = useState(false);
  const erase = useMutation({
    mutationFn: () => request<Erased>('DELETE', '/api/v1/me'),
    async onSuccess({ state }) {
      forgetKept();
      dropClaim();
      try {
        await forgetThisBrowser();
      } finally {
        // A page of its own, loaded anew: nothing of the person is left in this one's memory either.
        location.replace(farewellAddress(state));
      }
    },
  });
  return (
    <Card title={t('erase.title')} id="erase" className="erase">
      {!isAsked && (
        <>
          <p className="soft">{t('erase.text')}</p>
          <Button look="stop" onClick={() => setIsAsked(true)}>
            {t('erase.begin')}
          </Button>
        </>
      )}
      {isAsked && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (isRead) erase.mutate();
          }}
        >
          <p>{t('erase.goes')}</p>
          <ul>
            {GOES.map((what) => (
              <li key={what}>{t(`erase.goesWhat.${what}`)}</li>
            ))}
          </ul>
          <p className="erase-stays soft">{t('erase.stays')}</p>
          <p>
            <a href="#take">{t('erase.first')}</a>
          </p>
          <label className="tick">
            <input
              type="checkbox"
              checked={isRead}
              onChange={(event) => setIsRead(event.currentTarget.checked)}
            />
            <span>{t('erase.sure')}</span>
          </label>
          <div className="erase-buttons">
            <Button
              onClick={() => {
                setIsAsked(false);
                setIsRead(false);
                erase.reset();
              }}
            >
              {t('erase.keep')}
            </Button>
            <Button look="stop" type="submit" disabled={!isRead} busy={erase.isPending || erase.isSuccess}>
              {t('erase.confirm')}
            </Button>
          </div>
          <FailureLine error={erase.error} />
        </form>
      )}
    </Card>
  );
}

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { BrowserSession } from '../../api/access-shapes.ts';
import { request } from '../../api/request.ts';
import { useFormats } from '../i18n/use-formats.ts';
import { Button } from '../parts/Button.tsx';
import { Card } from '../parts/Card.tsx';
import { accessTrouble } from './access-trouble.ts';
import { leaveThisBrowser } from './leave.ts';
import { BROWSERS_KEY } from './use-access.ts';

/** Where the person is signed in; each browser can be signed out, and all at once. */
export function BrowsersCard({ browsers }: { readonly browsers: readonly BrowserSession[] }) {
  const { t } = useTranslation('access');
  return (
    <Card title={t('browsers.title')}>
      <p className="soft">{t('browsers.text')}</p>
      <ul className="rows">
        {browsers.map((session) => (
          <BrowserRow key={session.id} session={session} />
        ))}
      </ul>
      <Everywhere />
    </Card>
  );
}

function BrowserRow({ session }: { readonly session: BrowserSession }) {
  const { t } = useTranslation('access');
  const formats = useFormats();
  const queries = useQueryClient();
  const { id, browser, current, createdAt, lastSeenAt, openedWith } = session;
  const name = browser ?? t('browsers.unknown');
  const end = useMutation({
    async mutationFn() {
      if (current) return leaveThisBrowser('/api/v1/me/session');
      await request('DELETE', `/api/v1/me/sessions/${encodeURIComponent(id)}`);
      return queries.invalidateQueries({ queryKey: BROWSERS_KEY });
    },
  });
  return (
    <li className="asking">
      <span className="row-name">
        <span>
          {name} {current && <span className="mark mark-open">{t('browsers.here')}</span>}
        </span>
        <small className="soft">
          {t('browsers.used', { when: formats.relative(lastSeenAt, Date.now()) })},{' '}
          {t('browsers.since', { when: formats.date(createdAt) })}, {t(`browsers.with.${openedWith}`)}
        </small>
        {current && <small className="soft">{t('browsers.endHereText')}</small>}
      </span>
      <Button
        look="quiet"
        busy={end.isPending}
        {...(!current && { 'aria-label': t('browsers.endNamed', { browser: name }) })}
        onClick={() => end.mutate()}
      >
        {t(current ? 'browsers.endHere' : 'browsers.end')}
      </Button>
      {end.isError && (
        <p className="wrong" role="alert">
          {t(`trouble.${accessTrouble(end.error)}`)}
        </p>
      )}
    </li>
  );
}

function Everywhere() {
  const { t } = useTranslation('access');
  const [isAsked, setIsAsked] = useState(false);
  const leave = useMutation({ mutationFn: () => leaveThisBrowser('/api/v1/me/sessions') });
  if (!isAsked) {
    return (
      <Button look="stop" onClick={() => setIsAsked(true)}>
        {t('browsers.everywhere')}
      </Button>
    );
  }
  return (
    <>
      <p>{t('browsers.everywhereText')}</p>
      <div className="choices">
        <Button autoFocus onClick={() => setIsAsked(false)}>
          {t('browsers.stay')}
        </Button>
        <Button look="stop" busy={leave.isPending} onClick={() => leave.mutate()}>
          {t('browsers.everywhereSure')}
        </Button>
      </div>
      {leave.isError && (
        <p className="wrong" role="alert">
          {t(`trouble.${accessTrouble(leave.error)}`)}
        </p>
      )}
    </>
  );
}

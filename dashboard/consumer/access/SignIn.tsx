import './access.css';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { SignInWays } from '../../api/access-shapes.ts';
import { type ApiProblem, request } from '../../api/request.ts';
import { Icon } from '../../look/icons.tsx';
import { spokenLanguage } from '../i18n/start.ts';
import { Button } from '../parts/Button.tsx';
import { Card } from '../parts/Card.tsx';
import { Failure } from '../parts/Failure.tsx';
import { Field } from '../parts/Field.tsx';
import { Page } from '../parts/Page.tsx';
import { Waiting } from '../parts/Waiting.tsx';
import { pendingClaim } from '../settings/pending-claim.ts';
import { usePendingClaim } from '../settings/use-pending-claim.ts';
import { ME_KEY } from '../shell/use-me.ts';
import { accessTrouble } from './access-trouble.ts';
import { knowsPasskeys, signInWithPasskey } from './passkeys.ts';
import { useSignInWays } from './use-access.ts';
import { usePasskeysInField } from './use-passkeys-in-field.ts';

/**
 * The way in, for whom is not signed in.
 *
 * @param wasRefused they came with a link that does not open anything any more
 */
export function SignIn({ wasRefused }: { readonly wasRefused: boolean }) {
  const { t } = useTranslation('access');
  const ways = useSignInWays();
  const claim = usePendingClaim();
  return (
    <Page title={t(wasRefused ? 'signIn.usedTitle' : 'signIn.title')}>
      <p className="soft">{t(wasRefused ? 'signIn.usedText' : 'signIn.text')}</p>
      {claim !== null && (
        <div className="card ask">
          <p className="device-code">{claim}</p>
          <p>{t('signIn.claim')}</p>
        </div>
      )}
      {ways.isPending && <Waiting lines={3} />}
      {ways.isError && <Failure error={ways.error} onRetry={() => ways.refetch()} />}
      {ways.isSuccess && <Ways ways={ways.data} />}
      {!ways.isPending && (
        <Card title={t('signIn.personal')}>
          <p className="soft">{t('signIn.personalText')}</p>
        </Card>
      )}
    </Page>
  );
}

function Ways({ ways }: { readonly ways: SignInWays }) {
  const { t } = useTranslation('access');
  const queries = useQueryClient();
  const hasPasskeys = ways.passkeys && knowsPasskeys();
  const enter = () => queries.invalidateQueries({ queryKey: ME_KEY, exact: true });
  const passkey = useMutation({ mutationFn: () => signInWithPasskey(false), onSuccess: enter });
  const [refused, setRefused] = useState<ApiProblem | null>(null);
  usePasskeysInField(hasPasskeys && ways.mail, { onEntered: enter, onRefused: setRefused });
  const trouble = passkey.error ?? refused;
  if (!hasPasskeys && !ways.mail) return null;
  return (
    <section className="card sign-in" aria-label={t('signIn.title')}>
      {hasPasskeys && (
        <>
          <Button look="main" busy={passkey.isPending} onClick={() => passkey.mutate()}>
            <Icon name="key" />
            {t('signIn.passkey')}
          </Button>
          <p className="soft">{t('signIn.passkeyText')}</p>
          {trouble !== null && (
            <p className="wrong" role="alert">
              {t(`trouble.${accessTrouble(trouble)}`)}
            </p>
          )}
        </>
      )}
      {hasPasskeys && ways.mail && <p className="sign-in-or soft">{t('signIn.or')}</p>}
      {ways.mail && <MailForm withPasskeys={hasPasskeys} />}
    </section>
  );
}

/** @param withPasskeys the browser may offer passkeys in the field */
function MailForm({ withPasskeys }: { readonly withPasskeys: boolean }) {
  const { t } = useTranslation('access');
  const [email, setEmail] = useState('');
  const send = useMutation({
    mutationFn(address: string) {
      const claim = pendingClaim(Date.now());
      return request('POST', '/api/v1/me/login-links', {
        email: address,
        language: spokenLanguage(),
        // The link may be opened in another browser, which knows nothing of it.
        ...(claim !== null && { claim }),
      });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    send.mutate(email.trim());
  };
  return (
    <form className="sign-in-mail" onSubmit={submit}>
      {!send.isSuccess && (
        <>
          <Field
            label={t('signIn.email')}
            description={t('signIn.emailText')}
            type="email"
            autoComplete={withPasskeys ? 'username webauthn' : 'email'}
            maxLength={254}
            required
            value={email}
            error={send.error === null ? null : t(`trouble.${accessTrouble(send.error)}`)}
            onChange={(event) => setEmail(event.currentTarget.value)}
          />
          <Button type="submit" look={withPasskeys ? 'plain' : 'main'} busy={send.isPending}>
            {t('signIn.send')}
          </Button>
        </>
      )}
      <p className="said" role="status">
        {send.isSuccess && t('signIn.sent', { email: send.variables })}
      </p>
      {send.isSuccess && (
        <Button look="quiet" onClick={() => send.reset()}>
          {t('signIn.again')}
        </Button>
      )}
    </form>
  );
}

import { useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { Icon } from '../../look/icons.tsx';
import { Button } from '../parts/Button.tsx';
import { useMe } from '../shell/use-me.ts';
import type { PushStatus } from './browser-push.ts';
import { isWithoutService } from './subscription.ts';
import { usePush } from './use-push.ts';

/** What to say: the status, and whether there is anything that may be sent. */
type Saying = 'on' | 'ready' | 'off' | 'denied' | 'homeScreen' | 'unsupported';

function sayingOf(status: PushStatus, hasAgreed: boolean): Saying {
  switch (status.kind) {
    case 'on':
      return hasAgreed ? 'on' : 'ready';
    case 'home-screen':
      return 'homeScreen';
    default:
      return status.kind;
  }
}

/**
 * Whether this browser receives offers, in one sentence, with the one button that changes it. The browser's own question comes
 * only after that button, below words that say what it is about.
 *
 * @param props.asLink where to choose what is agreed to is another page
 */
export function PushCard({ asLink = false }: { readonly asLink?: boolean }) {
  const { t } = useTranslation('settings');
  const me = useMe();
  const push = usePush();
  const on = useMutation({ mutationFn: () => push.turnOn(me) });
  const off = useMutation({ mutationFn: () => push.turnOff() });
  const saying = sayingOf(
    push.status,
    me.consents.some(({ granted }) => granted),
  );
  const isOn = saying === 'on' || saying === 'ready';
  return (
    <section className="card push" aria-label={t('push.label')}>
      <span className={`sign${isOn ? ' sign-on' : ''}`}>
        <Icon name={saying === 'homeScreen' ? 'phone' : isOn ? 'bell' : 'bellOff'} size={24} />
      </span>
      <div className="push-words" role="status">
        <strong>{t(`push.${saying}.title`)}</strong>
        <span className="soft">{t(`push.${saying}.text`)}</span>
      </div>
      {saying === 'off' && (
        <Button look="main" busy={on.isPending} onClick={() => on.mutate()}>
          {t('push.turnOn')}
        </Button>
      )}
      {saying === 'ready' && asLink && (
        <Link href="/settings" className="button button-main">
          {t('push.ready.choose')}
        </Link>
      )}
      {isOn && !asLink && (
        <Button look="quiet" busy={off.isPending} onClick={() => off.mutate()}>
          {t('push.turnOff')}
        </Button>
      )}
      {(on.isError || off.isError) && (
        <p className="wrong" role="alert">
          {t(isWithoutService(on.error) ? 'push.noService' : 'push.failed')}
        </p>
      )}
      {on.data === 'default' && (
        <p className="soft" role="status">
          {t('push.undecided')}
        </p>
      )}
    </section>
  );
}

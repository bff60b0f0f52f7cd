import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { Icon } from '../../look/icons.tsx';
import { Card } from '../parts/Card.tsx';
import { usePush } from '../push/use-push.ts';
import { useMe } from '../shell/use-me.ts';

/** No offer yet: what it takes for one to come, and what of it is still to do. */
export function EmptyInbox() {
  const { t } = useTranslation('offers');
  const me = useMe();
  const { status } = usePush();
  const steps = [
    { name: 'agree', to: '/settings#purposes', isDone: me.consents.some(({ granted }) => granted) },
    { name: 'device', to: '/settings#devices', isDone: me.devices.length > 0 },
    { name: 'push', to: '/settings', isDone: status.kind === 'on' },
  ] as const;
  return (
    <Card title={t('empty.title')} className="empty">
      <p className="soft">{t('empty.text')}</p>
      <h3>{t('empty.steps')}</h3>
      <ol className="steps">
        {steps.map(({ name, to, isDone }) => (
          <li key={name} className={isDone ? 'step step-done' : 'step'}>
            <span className="step-sign">{isDone && <Icon name="check" size={16} />}</span>
            {isDone ? <span>{t(`empty.${name}`)}</span> : <Link href={to}>{t(`empty.${name}`)}</Link>}
            <span className="visually-hidden">{isDone ? t('empty.done') : t('empty.open')}</span>
          </li>
        ))}
      </ol>
    </Card>
  );
}

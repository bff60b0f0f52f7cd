import { useTranslation } from 'react-i18next';
import { Button } from '../parts/Button.tsx';
import { Card } from '../parts/Card.tsx';
import { useFewer } from './use-fewer.ts';

/** What the person asked to see less of; not there where that is nothing. */
export function FewerList() {
  const { t } = useTranslation('settings');
  const { items, undo } = useFewer();
  if (items.length === 0) return null;
  return (
    <Card title={t('fewer.title')} id="fewer">
      <p className="soft">{t('fewer.intro')}</p>
      <ul className="rows">
        {items.map(({ rule, level }) => (
          <li key={rule.id}>
            <span className="row-name">
              {rule.name}
              <small className="soft">{t(level === 1 ? 'fewer.level1' : 'fewer.level2')}</small>
            </span>
            <Button
              look="quiet"
              aria-label={t('fewer.undoNamed', { rule: rule.name })}
              onClick={() => undo.mutate(rule.id)}
            >
              {t('fewer.undo')}
            </Button>
          </li>
        ))}
      </ul>
      {undo.isError && (
        <p className="wrong" role="alert">
          {t('notSaved')}
        </p>
      )}
    </Card>
  );
}

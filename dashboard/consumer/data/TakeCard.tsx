import { useTranslation } from 'react-i18next';
import { Card } from '../parts/Card.tsx';
import { useMe } from '../shell/use-me.ts';
import { deviceTypeName } from './names.ts';

/** Downloads of everything, and of each device's readings; the browser saves them, so that nothing is too large for a page. */
export function TakeCard() {
  const { t } = useTranslation('data');
  const { devices } = useMe();
  return (
    <Card title={t('take.title')} id="take">
      <p className="soft">{t('take.text')}</p>
      <ul className="downloads">
        <li>
          <a className="button button-plain" href="/api/v1/me/export" download>
            {t('take.everything')}
          </a>
        </li>
        {devices.map(({ id, type }) => (
          <li key={id}>
            <a
              className="button button-plain"
              href={`/api/v1/me/export?format=csv&device=${encodeURIComponent(id)}`}
              download
            >
              {t('take.device', { device: `${deviceTypeName(t, type)} ${id}` })}
            </a>
          </li>
        ))}
      </ul>
      <p className="soft">{t('take.hint')}</p>
    </Card>
  );
}

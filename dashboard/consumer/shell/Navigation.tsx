import { useTranslation } from 'react-i18next';
import { Link, useLocation } from 'wouter';
import { Icon, type IconName } from '../../look/icons.tsx';

interface Way {
  readonly to: string;
  readonly name: 'offers' | 'data' | 'settings' | 'access';
  readonly icon: IconName;
  /** Other addresses that belong to it. */
  readonly also?: readonly string[];
}

const WAYS: readonly Way[] = [
  { to: '/', name: 'offers', icon: 'tag', also: ['/offers', '/not-sent'] },
  { to: '/data', name: 'data', icon: 'chart' },
  { to: '/settings', name: 'settings', icon: 'sliders' },
  { to: '/access', name: 'access', icon: 'key' },
];

/** The app's pages. */
export function Navigation() {
  const { t } = useTranslation();
  const [location] = useLocation();
  const liesAt = (root: string) => location === root || (root !== '/' && location.startsWith(`${root}/`));
  return (
    <nav className="ways" aria-label={t('nav.label')}>
      {WAYS.map(({ to, name, icon, also = [] }) => (
        <Link
          key={to}
          href={to}
          className="way"
          aria-current={liesAt(to) || also.some(liesAt) ? 'page' : undefined}
        >
          <Icon name={icon} size={22} />
          <span>{t(`nav.${name}`)}</span>
        </Link>
      ))}
    </nav>
  );
}

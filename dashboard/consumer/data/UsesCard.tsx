import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { StaffRead } from '../../../gateway/records/audit-reads.ts';
import type { RuleUse, Uses } from '../../api/my-data-shapes.ts';
import { data } from '../i18n/en/data.ts';
import { useFormats } from '../i18n/use-formats.ts';
import { Button } from '../parts/Button.tsx';
import { Card } from '../parts/Card.tsx';

const SHOWN_AT_FIRST = 5;

/** Which rules used the person's data, and which staff looked at it. */
export function UsesCard({ uses }: { readonly uses: Uses }) {
  const { t } = useTranslation('data');
  return (
    <Card title={t('uses.title')}>
      <h3>{t('uses.rules')}</h3>
      {uses.rules.length === 0 && <p className="soft">{t('uses.none')}</p>}
      <Rows all={uses.rules} keyOf={({ rule }) => rule.id} draw={(use) => <RuleRow use={use} />} />
      <h3>{t('uses.people')}</h3>
      {uses.staff.length === 0 && <p className="soft">{t('uses.nobody')}</p>}
      <Rows
        all={uses.staff}
        keyOf={({ at, what, role, device }) => `${at} ${role} ${what} ${device}`}
        draw={(read) => <ReadRow read={read} />}
      />
    </Card>
  );
}

/** The first few, and the rest on demand. */
function Rows<Item>({
  all,
  keyOf,
  draw,
}: {
  readonly all: readonly Item[];
  readonly keyOf: (item: Item) => string;
  readonly draw: (item: Item) => ReactNode;
}) {
  const { t } = useTranslation('data');
  const [showsAll, setShowsAll] = useState(false);
  const shown = showsAll ? all : all.slice(0, SHOWN_AT_FIRST);
  return (
    <>
      {shown.length > 0 && (
        <ul className="rows">
          {shown.map((item) => (
            <li key={keyOf(item)}>{draw(item)}</li>
          ))}
        </ul>
      )}
      {shown.length < all.length && (
        <Button onClick={() => setShowsAll(true)}>{t('uses.all', { count: all.length })}</Button>
      )}
    </>
  );
}

function RuleRow({ use }: { readonly use: RuleUse }) {
  const { t } = useTranslation(['data', 'settings']);
  const formats = useFormats();
  const looked = t('data:uses.looked', { count: use.sent + use.suppressed });
  return (
    <span className="row-name">
      {use.rule.name}
      <small className="soft">
        {`${looked}, ${t('data:uses.sent', { count: use.sent })}; ${t('data:uses.last', { when: formats.date(use.lastAt) })}.`}
      </small>
      <small className="soft">
        {t('data:uses.based')}{' '}
        {use.purposes.map((purpose) => t(`settings:purposes.names.${purpose}`)).join(', ')}
      </small>
    </span>
  );
}

function ReadRow({ read }: { readonly read: StaffRead }) {
  const { t } = useTranslation('data');
  const formats = useFormats();
  const { role, what, device } = read;
  const who = t(`uses.role.${Object.hasOwn(data.uses.role, role) ? role : 'other'}`);
  const seen = t(`uses.what.${Object.hasOwn(data.uses.what, what) ? what : 'other'}`, {
    device: device ?? t('uses.deviceGone'),
  });
  return (
    <span className="row-name">
      {t('uses.read', { who, what: seen })}
      <small className="soft">{formats.dateTime(read.at)}</small>
    </span>
  );
}

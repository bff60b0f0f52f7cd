import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { QuietHours } from '../../../rules/step.ts';
import { request } from '../../api/request.ts';
import { Button } from '../parts/Button.tsx';
import { Card } from '../parts/Card.tsx';
import { Field } from '../parts/Field.tsx';
import { SwitchRow } from '../parts/SwitchRow.tsx';
import { useMe } from '../shell/use-me.ts';
import { useMeChange } from './use-me-change.ts';

const DEFAULT_QUIET_HOURS: QuietHours = { from: '21:00', to: '08:00' };

/** When no offer may come, and by which clock. Saved on each change, with this browser's time zone. */
export function QuietHoursCard() {
  const { t } = useTranslation('settings');
  const me = useMe();
  const timezone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const [typed, setTyped] = useState<QuietHours | null>(null);
  const hours = typed ?? me.quietHours ?? DEFAULT_QUIET_HOURS;
  const save = useMeChange({
    scope: 'quiet hours',
    save: (quietHours: QuietHours | null) =>
      request('PUT', '/api/v1/me/quiet-hours', { quietHours, timezone }),
    changed: (before, quietHours) => ({ ...before, quietHours, timezone }),
  });
  const set = (quietHours: QuietHours | null) => save.mutate(quietHours, { onError: () => setTyped(null) });
  const change = (part: Partial<QuietHours>) => {
    const next = { ...hours, ...part };
    setTyped(next);
    // An emptied field is on its way to another time: nothing to save yet.
    if (next.from !== '' && next.to !== '') set(next);
  };
  const isOn = me.quietHours !== null;
  const clock = me.timezone === null ? t('quiet.ofPlace') : inWords(me.timezone);
  const meaning = isOn ? t('quiet.on', { zone: clock }) : t('quiet.off');
  return (
    <Card title={t('quiet.title')} hideTitle id="quiet">
      <SwitchRow
        title={t('quiet.title')}
        meaning={meaning}
        checked={isOn}
        onChange={(on) => set(on ? hours : null)}
      />
      {isOn && (
        <div className="quiet-times">
          <Field
            type="time"
            label={t('quiet.from')}
            value={hours.from}
            onChange={(event) => change({ from: event.currentTarget.value })}
          />
          <Field
            type="time"
            label={t('quiet.to')}
            value={hours.to}
            onChange={(event) => change({ to: event.currentTarget.value })}
          />
        </div>
      )}
      {isOn && me.timezone !== timezone && (
        <Button onClick={() => set(hours)}>{t('quiet.here', { zone: inWords(timezone) })}</Button>
      )}
      {save.isError && (
        <p className="wrong" role="alert">
          {t('notSaved')}
        </p>
      )}
    </Card>
  );
}

/** `America/New_York` without its underscore. */
function inWords(timezone: string): string {
  return timezone.replaceAll('_', ' ');
}

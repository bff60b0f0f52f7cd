import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { QuietHours } from '../../../rules/step.ts';
import type { Me } from '../../api/me-shapes.ts';
import { request } from '../../api/request.ts';
import { Card } from '../parts/Card.tsx';
import { Field } from '../parts/Field.tsx';
import { SwitchRow } from '../parts/SwitchRow.tsx';
import { ME_KEY, useMe } from '../shell/use-me.ts';

const DEFAULT_QUIET_HOURS: QuietHours = { from: '21:00', to: '08:00' };

/** When no offer may come. Saved on each change, with this browser's time zone. */
export function QuietHoursCard() {
  const { t } = useTranslation('settings');
  const me = useMe();
  const queries = useQueryClient();
  const timezone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const [hours, setHours] = useState(me.quietHours ?? DEFAULT_QUIET_HOURS);
  const save = useMutation({
    // One after the other, for a time that is typed comes in several pieces.
    scope: { id: 'quiet hours' },
    mutationFn: (quietHours: QuietHours | null) =>
      request('PUT', '/api/v1/me/quiet-hours', { quietHours, timezone }),
    onMutate: (quietHours) => {
      queries.setQueryData<Me>(ME_KEY, (before) => before && { ...before, quietHours });
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ME_KEY, exact: true }),
  });
  const change = (part: Partial<QuietHours>) => {
    const next = { ...hours, ...part };
    setHours(next);
    // An emptied field is on its way to another time: nothing to save yet.
    if (next.from !== '' && next.to !== '') save.mutate(next);
  };
  const isOn = me.quietHours !== null;
  return (
    <Card title={t('quiet.title')} hideTitle id="quiet">
      <SwitchRow
        title={t('quiet.title')}
        meaning={isOn ? t('quiet.on', { zone: timezone.replaceAll('_', ' ') }) : t('quiet.off')}
        checked={isOn}
        onChange={(on) => save.mutate(on ? hours : null)}
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
      {save.isError && (
        <p className="wrong" role="alert">
          {t('notSaved')}
        </p>
      )}
    </Card>
  );
}

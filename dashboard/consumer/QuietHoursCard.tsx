import { TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { QuietHours } from '../../rules/step.ts';
import { request } from '../api/request.ts';
import type { Me } from '../api/shapes.ts';
import { SwitchRow } from './SwitchRow.tsx';

const DEFAULT_QUIET_HOURS: QuietHours = { from: '21:00', to: '08:00' };

/** When no offer may come. Saved on each change, with this browser's time zone. */
export function QuietHoursCard({ me }: { me: Me }) {
  const queries = useQueryClient();
  const timezone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const [hours, setHours] = useState(me.quietHours ?? DEFAULT_QUIET_HOURS);
  const save = useMutation({
    mutationFn: (quietHours: QuietHours | null) =>
      request('PUT', '/api/v1/me/quiet-hours', { quietHours, timezone }),
    onMutate: (quietHours) => {
      queries.setQueryData<Me>(['me'], (before) => before && { ...before, quietHours });
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ['me'], exact: true }),
  });
  const change = (part: Partial<QuietHours>) => {
    const next = { ...hours, ...part };
    setHours(next);
    // An emptied field is on its way to another time: nothing to save yet.
    if (next.from !== '' && next.to !== '') save.mutate(next);
  };
  return (
    <section className="card" aria-labelledby="quiet-hours">
      <h2 id="quiet-hours" className="visually-hidden">
        Quiet hours
      </h2>
      <SwitchRow
        title="Quiet hours"
        meaning={
          me.quietHours === null
            ? 'Off: an offer may come at any hour.'
            : `No offers between these times, ${timezone.replaceAll('_', ' ')}.`
        }
        checked={me.quietHours !== null}
        onChange={(on) => save.mutate(on ? hours : null)}
      />
      {me.quietHours !== null && (
        <div className="quiet-times">
          <TextInput
            type="time"
            label="From"
            value={hours.from}
            onChange={(event) => change({ from: event.currentTarget.value })}
          />
          <TextInput
            type="time"
            label="Until"
            value={hours.to}
            onChange={(event) => change({ to: event.currentTarget.value })}
          />
        </div>
      )}
      {save.isError && (
        <p className="push-failure" role="alert">
          That was not saved: {save.error.message}.
        </p>
      )}
    </section>
  );
}

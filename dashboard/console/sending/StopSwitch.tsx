import { Button, Textarea } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Sending } from '../../../gateway/records/sending.ts';
import { momentOf } from '../../look/when.ts';
import { Confirm } from '../Confirm.tsx';
import { Refusal } from '../Refusal.tsx';
import { useMarkets } from '../use-role.ts';
import { putSending } from './use-sending.ts';

const LONGEST_NOTE = 500;

/** Whether offers go out at all, and the one switch for it. */
export function StopSwitch({ sending }: { sending: Sending }) {
  const queries = useQueryClient();
  const mayChange = useMarkets();
  const [asking, setAsking] = useState(false);
  const [note, setNote] = useState('');
  const { stopped, changedAt, changedBy } = sending;
  const change = useMutation({
    mutationFn: () => putSending(!stopped, note.trim()),
    onSuccess: (now) => {
      queries.setQueryData(['sending'], now);
      void queries.invalidateQueries({ queryKey: ['push-services'] });
      setAsking(false);
      setNote('');
    },
  });
  return (
    <section className={`surface stop-part${stopped ? ' stop-part-on' : ''}`} aria-labelledby="stop-title">
      <div role="status">
        <h2 id="stop-title">{stopped ? 'All sending is stopped' : 'Offers go out'}</h2>
        <p className="soft">
          {stopped
            ? 'Rules go on deciding, and whatever is due is withdrawn: none of it is sent later.'
            : 'If something goes wrong, one switch stops every offer of every rule at once.'}
        </p>
        {stopped && sending.note !== null && <p>{sending.note}</p>}
        {changedAt !== null && (
          <p className="soft">
            {stopped ? 'Stopped' : 'Allowed again'} {momentOf(changedAt)}
            {changedBy !== null && ` by ${changedBy}`}.
          </p>
        )}
      </div>
      {mayChange && (
        <Button {...(!stopped && { color: 'red.9' })} onClick={() => setAsking(true)}>
          {stopped ? 'Let offers go out again' : 'Stop all sending'}
        </Button>
      )}
      {asking && (
        <Confirm
          title={stopped ? 'Let offers go out again?' : 'Stop all sending?'}
          confirm={stopped ? 'Let them go out' : 'Stop everything now'}
          danger={!stopped}
          busy={change.isPending}
          onConfirm={() => change.mutate()}
          onCancel={() => setAsking(false)}
        >
          <p>
            {stopped
              ? 'What rules decide from now on is sent. What was withdrawn meanwhile stays so.'
              : 'No offer goes out any more, by no channel. What waits now is withdrawn for good, and so is what falls due while it is stopped.'}
          </p>
          <Textarea
            label="Note"
            description="Everybody in the console sees it"
            maxLength={LONGEST_NOTE}
            value={note}
            onChange={(event) => setNote(event.currentTarget.value)}
          />
          <Refusal error={change.error} />
        </Confirm>
      )}
    </section>
  );
}

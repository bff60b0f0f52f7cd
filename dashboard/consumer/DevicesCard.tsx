import { Button, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ApiProblem, request } from '../api/request.ts';
import type { Me } from '../api/shapes.ts';

/** The person's devices: one that they hold is claimed with its code, and any can be given up. */
export function DevicesCard({ me }: { me: Me }) {
  const queries = useQueryClient();
  const [code, setCode] = useState('');
  const refresh = () => queries.invalidateQueries({ queryKey: ['me'], exact: true });
  const claim = useMutation({
    mutationFn: () => request<{ readonly id: string }>('POST', '/api/v1/me/devices', { code }),
    onSuccess: () => {
      setCode('');
      return refresh();
    },
  });
  const giveUp = useMutation({
    mutationFn: (id: string) => request('DELETE', `/api/v1/me/devices/${encodeURIComponent(id)}`),
    onSuccess: refresh,
  });
  const failure = claim.error ?? giveUp.error;
  return (
    <section className="card" aria-labelledby="devices">
      <h2 id="devices">Your devices</h2>
      {me.devices.length === 0 ? (
        <p className="soft">No device is linked to you.</p>
      ) : (
        <ul className="me-devices">
          {me.devices.map(({ id, type }) => (
            <li key={id}>
              <span>{`${id} (${type})`}</span>
              <Button
                size="compact-sm"
                variant="default"
                aria-label={`Give up ${id}`}
                onClick={() => giveUp.mutate(id)}
              >
                Give up
              </Button>
            </li>
          ))}
        </ul>
      )}
      <form
        className="me-claim"
        onSubmit={(event) => {
          event.preventDefault();
          claim.mutate();
        }}
      >
        <TextInput
          label="Code of a device"
          description="On its label or its display"
          placeholder="ABCD-2345"
          autoComplete="off"
          required
          value={code}
          onChange={(event) => setCode(event.currentTarget.value)}
        />
        <Button type="submit" variant="default" loading={claim.isPending}>
          Add it
        </Button>
      </form>
      {failure !== null && (
        <p className="push-failure" role="alert">
          {failure.message}. {failure instanceof ApiProblem && failure.mend}
        </p>
      )}
      {claim.isSuccess && failure === null && <p role="status">{`${claim.data.id} is linked to you now.`}</p>}
    </section>
  );
}

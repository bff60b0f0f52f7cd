import { Button, Textarea, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { request } from '../api/request.ts';
import type { ServiceAccount, UserToken } from '../api/shapes.ts';
import { FoldForm } from './FoldForm.tsx';
import { ListFrame } from './ListFrame.tsx';
import { linesOf } from './lines-of.ts';
import { Refusal } from './Refusal.tsx';
import { Remove } from './Remove.tsx';
import { Secret } from './Secret.tsx';
import { useList } from './use-list.ts';

const PATH = '/api/v1/service-accounts';

/** Programs with topic filters: Node-RED, Grafana, a partner. */
export function ServiceAccounts() {
  const queries = useQueryClient();
  const list = useList<ServiceAccount>(PATH);
  const refresh = () => queries.invalidateQueries({ queryKey: ['list', PATH] });
  const renew = useMutation({
    mutationFn: (id: string) => request<UserToken>('POST', `${PATH}/${encodeURIComponent(id)}/token`, {}),
  });
  const remove = useMutation({
    mutationFn: (id: string) => request('DELETE', `${PATH}/${encodeURIComponent(id)}`),
    onSuccess: refresh,
  });
  return (
    <ListFrame
      title="Service accounts"
      intro="Programs that use the broker, such as Node-RED or Grafana: each with a user name, a token, and what it may publish and subscribe to."
      columns={['User name', 'May publish to', 'May subscribe to', 'Token']}
      empty="There is no service account."
      list={list}
      actions={
        <>
          <NewAccount onMade={refresh} />
          <Refusal error={renew.error ?? remove.error} />
          {renew.data !== undefined && (
            <Secret
              title={`New token of ${renew.data.id}`}
              secret={renew.data.token}
              note="It is shown this once. The old one stays good for a day."
            />
          )}
        </>
      }
    >
      {list.items.map(({ id, publish, subscribe }) => (
        <tr key={id}>
          <th scope="row">{id}</th>
          <td>
            <Filters filters={publish} />
          </td>
          <td>
            <Filters filters={subscribe} />
          </td>
          <td className="nowrap">
            <Button size="compact-sm" variant="default" onClick={() => renew.mutate(id)}>
              New token
            </Button>{' '}
            <Remove what={id} onRemove={() => remove.mutate(id)} />
          </td>
        </tr>
      ))}
    </ListFrame>
  );
}

function Filters({ filters }: { filters: readonly string[] }) {
  if (filters.length === 0) return <span className="soft">nothing</span>;
  return filters.map((filter) => (
    <code key={filter} className="block">
      {filter}
    </code>
  ));
}

function NewAccount({ onMade }: { onMade: () => unknown }) {
  const [id, setId] = useState('');
  const [publish, setPublish] = useState('');
  const [subscribe, setSubscribe] = useState('devices/+/telemetry');
  const make = useMutation({
    mutationFn: () =>
      request<UserToken>('POST', PATH, { id, publish: linesOf(publish), subscribe: linesOf(subscribe) }),
    onSuccess: () => {
      setId('');
      onMade();
    },
  });
  return (
    <FoldForm
      title="Make a service account"
      submit="Make it"
      onSubmit={() => make.mutate()}
      isPending={make.isPending}
      error={make.error}
      outcome={
        make.data !== undefined && <Secret title={`Token of ${make.data.id}`} secret={make.data.token} />
      }
    >
      <TextInput
        label="User name"
        required
        value={id}
        onChange={(event) => setId(event.currentTarget.value.trim())}
      />
      <Textarea
        label="May publish to"
        description="One topic filter a line"
        value={publish}
        onChange={(event) => setPublish(event.currentTarget.value)}
      />
      <Textarea
        label="May subscribe to"
        description="One topic filter a line"
        value={subscribe}
        onChange={(event) => setSubscribe(event.currentTarget.value)}
      />
    </FoldForm>
  );
}

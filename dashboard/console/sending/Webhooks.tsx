import { Button, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Webhook } from '../../../gateway/records/webhooks.ts';
import { request } from '../../api/request.ts';
import { dayAndTimeOf } from '../../look/when.ts';
import { FoldForm } from '../FoldForm.tsx';
import { ListBody } from '../ListBody.tsx';
import { PageSection } from '../PageSection.tsx';
import { Refusal } from '../Refusal.tsx';
import { Remove } from '../Remove.tsx';
import { Secret } from '../Secret.tsx';
import { useList } from '../use-list.ts';

const PATH = '/api/v1/webhooks';
const pathOf = (id: string) => `${PATH}/${encodeURIComponent(id)}`;
type WithSecret = Webhook & { readonly secret?: string };

/** Services of the operator's own that offers are handed to for people whom no browser takes them for. */
export function Webhooks({ mayChange }: { mayChange: boolean }) {
  const queries = useQueryClient();
  const list = useList<Webhook>(PATH);
  const refresh = () => queries.invalidateQueries({ queryKey: ['list', PATH] });
  const renew = useMutation({
    mutationFn: (id: string) => request<WithSecret>('POST', `${pathOf(id)}/secret`),
  });
  const remove = useMutation({
    mutationFn: (id: string) => request('DELETE', pathOf(id)),
    onSuccess: refresh,
  });
  return (
    <PageSection
      title="Webhooks"
      intro="Offers for people without a browser go to the webhook that they name, signed as Standard Webhooks asks."
    >
      {mayChange && <NewWebhook onMade={refresh} />}
      <Refusal error={renew.error ?? remove.error} />
      {renew.data?.secret !== undefined && (
        <Secret
          title={`New secret of ${renew.data.id}`}
          secret={renew.data.secret}
          note="It is shown this once. From now on messages are signed with it alone."
        />
      )}
      <ListBody
        title="Webhooks"
        columns={['Id', 'Address', 'Changed', ...(mayChange ? ['Secret'] : [])]}
        empty="There is no webhook."
        more="Show more"
        loadingHeight={120}
        list={list}
      >
        {list.items.map(({ id, url, updatedAt }) => (
          <tr key={id}>
            <th scope="row">{id}</th>
            <td>
              <code>{url}</code>
            </td>
            <td className="nowrap">{dayAndTimeOf(updatedAt)}</td>
            {mayChange && (
              <td className="nowrap">
                <Button
                  size="compact-sm"
                  variant="default"
                  aria-label={`New secret of ${id}`}
                  onClick={() => renew.mutate(id)}
                >
                  New secret
                </Button>{' '}
                <Remove what={id} onRemove={() => remove.mutate(id)} />
              </td>
            )}
          </tr>
        ))}
      </ListBody>
    </PageSection>
  );
}

function NewWebhook({ onMade }: { onMade: () => unknown }) {
  const [id, setId] = useState('');
  const [url, setUrl] = useState('');
  const make = useMutation({
    mutationFn: () => request<WithSecret>('PUT', pathOf(id), { url }),
    onSuccess: () => {
      setId('');
      setUrl('');
      onMade();
    },
  });
  return (
    <FoldForm
      title="Add a webhook"
      submit="Add it"
      onSubmit={() => make.mutate()}
      isPending={make.isPending}
      error={make.error}
      outcome={
        <>
          {make.data?.secret !== undefined && (
            <Secret title={`Secret of ${make.data.id}`} secret={make.data.secret} />
          )}
          {make.data !== undefined && make.data.secret === undefined && (
            <p role="status">{make.data.id} leads there now, with the secret that it had.</p>
          )}
        </>
      }
    >
      <TextInput
        label="Id"
        description="An id that is there already is led elsewhere"
        required
        value={id}
        onChange={(event) => setId(event.currentTarget.value.trim())}
      />
      <TextInput
        label="Address"
        description="https, on the public internet"
        type="url"
        required
        value={url}
        onChange={(event) => setUrl(event.currentTarget.value.trim())}
      />
    </FoldForm>
  );
}

import { NativeSelect, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { request } from '../api/request.ts';
import type { FleetKey } from '../api/shapes.ts';
import { dayAndTimeOf } from '../look/when.ts';
import { FoldForm } from './FoldForm.tsx';
import { ListFrame } from './ListFrame.tsx';
import { Refusal } from './Refusal.tsx';
import { Remove } from './Remove.tsx';
import { Secret } from './Secret.tsx';
import { useDeviceTypes } from './use-device-types.ts';
import { useList } from './use-list.ts';

const PATH = '/api/v1/fleet-keys';

/** Keys with which devices come in that nobody registered. */
export function FleetKeys() {
  const queries = useQueryClient();
  const list = useList<FleetKey>(PATH);
  const refresh = () => queries.invalidateQueries({ queryKey: ['list', PATH] });
  const revoke = useMutation({
    mutationFn: (id: string) => request('DELETE', `${PATH}/${encodeURIComponent(id)}`),
    onSuccess: refresh,
  });
  return (
    <ListFrame
      title="Fleet keys"
      intro="A device that nobody registered comes in with its id and a fleet key, is given a token of its own, and uses that from then on."
      columns={['Name', 'Makes devices of type', 'Ids begin with', 'Came in', 'Ends', 'Remove']}
      empty="There is no fleet key."
      list={list}
      actions={
        <>
          <NewFleetKey onMade={refresh} />
          <Refusal error={revoke.error} />
        </>
      }
    >
      {list.items.map(({ id, type, idPrefix, devices, maxDevices, expiresAt }) => (
        <tr key={id}>
          <th scope="row">{id}</th>
          <td>{type}</td>
          <td>{idPrefix === '' ? <span className="soft">anything</span> : <code>{idPrefix}</code>}</td>
          <td className="nowrap">{`${devices} of ${maxDevices}`}</td>
          <td className="nowrap">{expiresAt === null ? 'never' : dayAndTimeOf(expiresAt)}</td>
          <td>
            <Remove what={id} onRemove={() => revoke.mutate(id)} />
          </td>
        </tr>
      ))}
    </ListFrame>
  );
}

function NewFleetKey({ onMade }: { onMade: () => unknown }) {
  const types = useDeviceTypes();
  const [id, setId] = useState('');
  const [type, setType] = useState('');
  const [idPrefix, setIdPrefix] = useState('');
  const [maxDevices, setMaxDevices] = useState('100');
  const [ends, setEnds] = useState('');
  const make = useMutation({
    mutationFn: () =>
      request<FleetKey & { readonly key: string }>('POST', PATH, {
        id,
        type: type || types[0]?.value,
        idPrefix,
        maxDevices: Number(maxDevices),
        expiresAt: ends === '' ? null : new Date(ends).getTime(),
      }),
    onSuccess: () => {
      setId('');
      onMade();
    },
  });
  return (
    <FoldForm
      title="Make a fleet key"
      submit="Make it"
      onSubmit={() => make.mutate()}
      isPending={make.isPending}
      error={make.error}
      outcome={
        make.data !== undefined && <Secret title={`Fleet key ${make.data.id}`} secret={make.data.key} />
      }
    >
      <TextInput
        label="Name of the key"
        required
        value={id}
        onChange={(event) => setId(event.currentTarget.value.trim())}
      />
      <NativeSelect
        label="Device type"
        data={[...types]}
        value={type}
        onChange={(event) => setType(event.currentTarget.value)}
      />
      <TextInput
        label="Ids begin with"
        value={idPrefix}
        onChange={(event) => setIdPrefix(event.currentTarget.value.trim())}
      />
      <TextInput
        label="Most devices"
        type="number"
        min={1}
        required
        value={maxDevices}
        onChange={(event) => setMaxDevices(event.currentTarget.value)}
      />
      <TextInput
        label="Ends (may be left out)"
        type="datetime-local"
        value={ends}
        onChange={(event) => setEnds(event.currentTarget.value)}
      />
    </FoldForm>
  );
}

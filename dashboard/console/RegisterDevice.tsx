import { NativeSelect, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { request } from '../api/request.ts';
import type { UserToken } from '../api/shapes.ts';
import { FoldForm } from './FoldForm.tsx';
import { Secret } from './Secret.tsx';
import { useDeviceTypes } from './use-device-types.ts';

/** One device, whose token is shown once. */
export function RegisterDevice() {
  const queries = useQueryClient();
  const types = useDeviceTypes();
  const [id, setId] = useState('');
  const [type, setType] = useState('');
  const [consumer, setConsumer] = useState('');
  const register = useMutation({
    mutationFn: () =>
      request<UserToken>('POST', '/api/v1/devices', {
        id,
        type: type || types[0]?.value,
        consumerId: consumer === '' ? null : consumer,
      }),
    onSuccess: () => {
      setId('');
      return queries.invalidateQueries({ queryKey: ['list', '/api/v1/devices'] });
    },
  });
  return (
    <FoldForm
      title="Register a device"
      submit="Register"
      onSubmit={() => register.mutate()}
      isPending={register.isPending}
      error={register.error}
      outcome={
        register.data !== undefined && (
          <Secret title={`Token of ${register.data.id}`} secret={register.data.token} />
        )
      }
    >
      <TextInput
        label="Device id"
        description="1 to 128 of A-Z a-z 0-9 . _ : -"
        required
        value={id}
        onChange={(event) => setId(event.currentTarget.value.trim())}
      />
      <NativeSelect
        label="Type"
        description="What it measures"
        data={[...types]}
        value={type}
        onChange={(event) => setType(event.currentTarget.value)}
      />
      <TextInput
        label="Consumer"
        description="Whose it is; may be left out"
        value={consumer}
        onChange={(event) => setConsumer(event.currentTarget.value.trim())}
      />
    </FoldForm>
  );
}

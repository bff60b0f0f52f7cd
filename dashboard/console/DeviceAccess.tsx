import { Button, NativeSelect } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { request } from '../api/request.ts';
import type { ClaimCode, DeviceRecord, UserToken } from '../api/shapes.ts';
import { dayAndTimeOf } from '../look/when.ts';
import { ClaimLabel } from './ClaimLabel.tsx';
import { OVERLAPS } from './overlaps.ts';
import { Refusal } from './Refusal.tsx';
import { Secret } from './Secret.tsx';
import { useManagesDevices } from './use-role.ts';

/** How a device logs in, and who may come to own it. */
export function DeviceAccess({ device }: { device: DeviceRecord }) {
  const queries = useQueryClient();
  const manages = useManagesDevices();
  const [overlap, setOverlap] = useState('86400');
  const [asked, setAsked] = useState(false);
  const path = `/api/v1/devices/${encodeURIComponent(device.id)}`;
  const refresh = () => queries.invalidateQueries({ queryKey: ['device', device.id] });
  const renew = useMutation({
    mutationFn: () => request<UserToken>('POST', `${path}/token`, { overlapSeconds: Number(overlap) }),
    onSuccess: refresh,
  });
  const endOld = useMutation({ mutationFn: () => request('DELETE', `${path}/old-tokens`) });
  const revoke = useMutation({
    mutationFn: () => request('DELETE', `${path}/token`),
    onSuccess: () => {
      setAsked(false);
      return refresh();
    },
  });
  const claim = useMutation({ mutationFn: () => request<ClaimCode>('POST', `${path}/claim-code`) });
  return (
    <section className="surface device-access" aria-labelledby="device-access">
      <h2 id="device-access">Access</h2>
      <p>{stateOf(device)}</p>
      {manages && (
        <>
          <div className="fold-form">
            <NativeSelect
              label="The old token stays good"
              data={OVERLAPS}
              value={overlap}
              onChange={(event) => setOverlap(event.currentTarget.value)}
            />
            <Button variant="default" loading={renew.isPending} onClick={() => renew.mutate()}>
              New token
            </Button>
            <Button variant="default" loading={endOld.isPending} onClick={() => endOld.mutate()}>
              End old tokens now
            </Button>
            {device.consumerId === null && (
              <Button variant="default" loading={claim.isPending} onClick={() => claim.mutate()}>
                Code to claim it
              </Button>
            )}
            <Button
              variant={asked ? 'filled' : 'default'}
              color="red"
              disabled={device.revokedAt !== null}
              loading={revoke.isPending}
              onClick={() => (asked ? revoke.mutate() : setAsked(true))}
            >
              {asked ? 'Revoke it, and disconnect it now' : 'Revoke'}
            </Button>
          </div>
          <Refusal error={renew.error ?? endOld.error ?? revoke.error ?? claim.error} />
          {endOld.isSuccess && <p role="status">Only the newest token is good now.</p>}
          {renew.data !== undefined && (
            <Secret title={`New token of ${device.id}`} secret={renew.data.token} />
          )}
          {claim.data !== undefined && <ClaimLabel claim={claim.data} />}
        </>
      )}
    </section>
  );
}

function stateOf({ revokedAt, awaitsToken }: DeviceRecord): string {
  if (revokedAt !== null)
    return `Revoked ${dayAndTimeOf(revokedAt)}: it may not log in until it gets a new token.`;
  return awaitsToken
    ? 'It came in by a fleet key, and has used no token of its own yet.'
    : 'It logs in with its id and its token, or with a client certificate in its name.';
}

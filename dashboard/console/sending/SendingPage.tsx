import { Skeleton } from '@mantine/core';
import { Trouble } from '../../look/Trouble.tsx';
import { useIsAdmin } from '../use-role.ts';
import { PushKey } from './PushKey.tsx';
import { PushServices } from './PushServices.tsx';
import { StopSwitch } from './StopSwitch.tsx';
import { useSending } from './use-sending.ts';
import { Webhooks } from './Webhooks.tsx';

/** How offers leave: the one switch for all of them, services, webhooks and the key of push. */
export function SendingPage() {
  const sending = useSending();
  const isAdmin = useIsAdmin();
  return (
    <div className="list-page">
      <h1>Sending</h1>
      <p className="soft list-intro">How offers leave, and what becomes of them on their way.</p>
      {sending.isError && <Trouble error={sending.error} onRetry={() => sending.refetch()} />}
      {sending.isPending && <Skeleton height={110} role="status" aria-label="Loading" />}
      {sending.data !== undefined && <StopSwitch sending={sending.data} />}
      <PushServices />
      <Webhooks mayChange={isAdmin} />
      <PushKey mayRotate={isAdmin} />
    </div>
  );
}

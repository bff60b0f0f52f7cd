import { Button, Skeleton } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { request } from '../../api/request.ts';
import { Trouble } from '../../look/Trouble.tsx';
import { Confirm } from '../Confirm.tsx';
import { PageSection } from '../PageSection.tsx';
import { Refusal } from '../Refusal.tsx';

interface PushKeyAnswer {
  readonly publicKey: string;
}

/** The key that messages to browsers are signed with, and its replacement. */
export function PushKey({ mayRotate }: { mayRotate: boolean }) {
  const queries = useQueryClient();
  const [asking, setAsking] = useState(false);
  const key = useQuery({
    queryKey: ['push-key'],
    queryFn: () => request<PushKeyAnswer>('GET', '/api/v1/push-key'),
  });
  const rotate = useMutation({
    mutationFn: () => request<PushKeyAnswer>('POST', '/api/v1/push-key/rotate', {}),
    onSuccess: (answer) => {
      queries.setQueryData(['push-key'], answer);
      setAsking(false);
    },
  });
  return (
    <PageSection
      title="Push key"
      intro="Messages to browsers are signed with it (VAPID), and each browser takes them from the key alone that it subscribed with."
    >
      {key.isError && <Trouble error={key.error} onRetry={() => key.refetch()} />}
      {key.isPending && <Skeleton height={48} role="status" aria-label="Loading" />}
      {key.data !== undefined && (
        <div className="surface key-row">
          <code className="key-text">{key.data.publicKey}</code>
          {mayRotate && (
            <Button variant="default" onClick={() => setAsking(true)}>
              Replace the key
            </Button>
          )}
        </div>
      )}
      {rotate.isSuccess && (
        <p role="status">The key was replaced. Browsers subscribe anew with the next visit of their page.</p>
      )}
      {asking && (
        <Confirm
          title="Replace the push key?"
          confirm="Replace it"
          busy={rotate.isPending}
          onConfirm={() => rotate.mutate()}
          onCancel={() => setAsking(false)}
        >
          <p>
            New subscriptions are made with the new key at once. Browsers that have the old one go on
            receiving with it, and change over when their page is opened the next time.
          </p>
          <Refusal error={rotate.error} />
        </Confirm>
      )}
    </PageSection>
  );
}

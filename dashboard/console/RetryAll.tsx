import { Button } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { request } from '../api/request.ts';
import type { BulkRetryResult } from '../api/shapes.ts';
import { Trouble } from '../look/Trouble.tsx';

interface Props {
  /** Empty for any. */
  readonly device: string;
  readonly code: string;
  /** How many match, as far as they are shown. */
  readonly count: number;
}

/** Has everything that matches the filters taken again, a few hundred at a time, and says what came of it. */
export function RetryAll({ device, code, count }: Props) {
  const queries = useQueryClient();
  const retry = useMutation({
    mutationFn: () =>
      request<BulkRetryResult>('POST', '/api/v1/quarantine/retry', {
        ...(device === '' ? {} : { device }),
        ...(code === '' ? {} : { code }),
      }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['list', '/api/v1/quarantine'] }),
  });
  return (
    <>
      <Button
        variant="default"
        loading={retry.isPending}
        disabled={count === 0}
        onClick={() => retry.mutate()}
      >
        {device === '' && code === '' ? 'Try all again' : 'Try these again'}
      </Button>
      <div className="retry-result" role="status">
        {retry.data !== undefined && inWords(retry.data)}
      </div>
      {retry.isError && <Trouble error={retry.error} />}
    </>
  );
}

function inWords(result: BulkRetryResult): string {
  const parts = [
    `${result.taken.toLocaleString()} taken`,
    `${result.refused.toLocaleString()} refused again`,
    ...(result.waiting > 0 ? [`${result.waiting.toLocaleString()} wait in the journal`] : []),
    ...(result.truncated > 0
      ? [`${result.truncated.toLocaleString()} not tried, for only their beginning was kept`]
      : []),
    ...(result.partlyTaken > 0
      ? [`${result.partlyTaken.toLocaleString()} not tried, for the rest of them was stored`]
      : []),
  ];
  return `${parts.join(', ')}.${result.more ? ' There are more: try again.' : ''}`;
}

import { Button, UnstyledButton } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'wouter';
import { ApiProblem, request } from '../api/request.ts';
import type { QuarantineRecord, RetryResult } from '../api/shapes.ts';
import { asText, bytesOf } from '../look/payload-dump.ts';
import { CODE_LABELS } from '../look/quality-words.ts';
import { dayAndTimeOf, momentOf } from '../look/when.ts';
import { PayloadView } from './PayloadView.tsx';

const SHOWN_CHARACTERS = 90;

const OBSTACLES = {
  truncated: 'Only its beginning was kept',
  partly_taken: 'The rest of it was stored',
} as const;

/** One refused message; opened, with all of its payload. */
export function QuarantineRow({ item, mayRetry }: { item: QuarantineRecord; mayRetry: boolean }) {
  const [open, setOpen] = useState(false);
  const text = asText(bytesOf(item.payloadBase64));
  return (
    <>
      <tr>
        <td
          className="nowrap"
          title={`First ${momentOf(item.firstSeenAt)}, last ${momentOf(item.lastSeenAt)}`}
        >
          {dayAndTimeOf(item.lastSeenAt)}
          {item.count > 1 && (
            <small className="soft block">{`first ${dayAndTimeOf(item.firstSeenAt)}`}</small>
          )}
        </td>
        <th scope="row">
          <Link href={`/devices/${encodeURIComponent(item.device)}`}>{item.device}</Link>
        </th>
        <td className="why">
          <strong>{item.message}</strong>
          <span className="soft">
            {CODE_LABELS[item.code]} · {item.topic}
          </span>
        </td>
        <td>{item.count.toLocaleString()}</td>
        <td>
          <code className="payload">
            {text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)} …` : text}
          </code>
          <UnstyledButton className="row-link" aria-expanded={open} onClick={() => setOpen(!open)}>
            {open ? 'Hide the payload' : 'Show the payload'}
          </UnstyledButton>
        </td>
        {mayRetry && (
          <td className="retry">
            <Retry item={item} />
          </td>
        )}
      </tr>
      {open && (
        <tr className="row-opened">
          <td colSpan={mayRetry ? 6 : 5}>
            <PayloadView item={item} />
          </td>
        </tr>
      )}
    </>
  );
}

/** Has the message taken again; what came of it stays beside the button until the list is asked for anew. */
function Retry({ item }: { item: QuarantineRecord }) {
  const queries = useQueryClient();
  const [wasTaken, setTaken] = useState(false);
  const retry = useMutation({
    mutationFn: () => request<RetryResult>('POST', `/api/v1/quarantine/${encodeURIComponent(item.id)}/retry`),
    onSuccess: ({ outcome }) => {
      if (outcome === 'taken') setTaken(true);
      else void queries.invalidateQueries({ queryKey: ['list', '/api/v1/quarantine'] });
    },
  });
  if (wasTaken) {
    return (
      <span className="good" role="status">
        Taken
      </span>
    );
  }
  if (item.cannotRetry !== null) return <span className="soft">{OBSTACLES[item.cannotRetry]}</span>;
  return (
    <>
      <Button
        size="xs"
        variant="default"
        loading={retry.isPending}
        onClick={() => retry.mutate()}
        aria-label={`Try again: ${item.device}, ${item.message}`}
      >
        Try again
      </Button>
      <span role="status" className="block">
        {retry.data?.outcome === 'refused' && <small className="lost">Refused again</small>}
        {retry.data?.outcome === 'waiting' && <small className="soft">Waits in the journal</small>}
        {retry.error !== null && (
          <small className="lost">
            {retry.error.message}
            {retry.error instanceof ApiProblem && `. ${retry.error.mend}`}
          </small>
        )}
        {retry.status === 'idle' && item.tries > 0 && (
          <small className="soft">{item.tries === 1 ? 'Tried once' : `Tried ${item.tries} times`}</small>
        )}
      </span>
    </>
  );
}

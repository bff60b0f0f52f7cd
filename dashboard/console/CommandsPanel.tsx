import { Button, Textarea, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useCallback, useState } from 'react';
import { ApiProblem, request } from '../api/request.ts';
import type { CommandRecord, DownlinkEvent, Page } from '../api/shapes.ts';
import { useDownlinkEvents } from '../live/use-downlink.ts';
import { HeadRow } from '../look/HeadRow.tsx';
import { Pill } from '../look/StateBadge.tsx';
import { Trouble } from '../look/Trouble.tsx';
import { dayAndTimeOf, momentOf } from '../look/when.ts';
import { parsedObject } from './parsed-object.ts';
import { ScrollRegion } from './ScrollRegion.tsx';
import { useManagesDevices } from './use-role.ts';

const SHOWN = 10;
const NO_ARGUMENTS = '{}';

/** Commands that a device was given lately, with its replies, and a form for another one. */
export function CommandsPanel({ device }: { device: string }) {
  const path = `/api/v1/devices/${encodeURIComponent(device)}/commands`;
  const queries = useQueryClient();
  const mayGive = useManagesDevices();
  const commands = useQuery({
    queryKey: ['commands', device],
    queryFn: () => request<Page<CommandRecord>>('GET', `${path}?limit=${SHOWN}`),
  });
  const heard = useCallback(
    ({ kind }: DownlinkEvent) => {
      if (kind === 'command') void queries.invalidateQueries({ queryKey: ['commands', device] });
    },
    [queries, device],
  );
  useDownlinkEvents(device, heard);
  // Not for every role.
  if (commands.error instanceof ApiProblem && commands.error.status === 403) return null;
  const items = commands.data?.items ?? [];
  return (
    <section className="device-panel" aria-labelledby="commands-title">
      <h2 id="commands-title">Commands</h2>
      {mayGive && <CommandForm path={path} onGiven={() => commands.refetch()} />}
      {commands.isError && <Trouble error={commands.error} onRetry={() => commands.refetch()} />}
      {commands.data !== undefined && items.length === 0 && (
        <p className="surface list-empty soft">It was given none.</p>
      )}
      {items.length > 0 && (
        <ScrollRegion label="Commands, newest first" className="surface list-table">
          <table>
            <HeadRow columns={['Command', 'Given', 'State', 'Reply']} />
            <tbody>
              {items.map((command) => (
                <CommandRow key={command.id} command={command} />
              ))}
            </tbody>
          </table>
        </ScrollRegion>
      )}
    </section>
  );
}

function CommandForm({ path, onGiven }: { path: string; onGiven: () => unknown }) {
  const [name, setName] = useState('');
  const [args, setArgs] = useState(NO_ARGUMENTS);
  const parsed = parsedObject(args);
  const give = useMutation({
    mutationFn: () =>
      request<CommandRecord>('POST', path, { name: name.trim(), args: parsed.ok ? parsed.value : {} }),
    onSuccess: () => {
      setName('');
      setArgs(NO_ARGUMENTS);
      onGiven();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (parsed.ok && name.trim() !== '') give.mutate();
  };
  return (
    <form className="surface device-form" onSubmit={submit}>
      <TextInput
        label="Name"
        placeholder="reboot"
        maxLength={128}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <Textarea
        label="Arguments, as a JSON object"
        autosize
        minRows={1}
        maxRows={8}
        value={args}
        onChange={(event) => setArgs(event.currentTarget.value)}
        error={parsed.ok ? null : parsed.message}
      />
      <Button type="submit" loading={give.isPending} disabled={!parsed.ok || name.trim() === ''}>
        Send command
      </Button>
      {give.isError && <Trouble error={give.error} />}
    </form>
  );
}

function CommandRow({ command }: { command: CommandRecord }) {
  const { name, args, createdAt, reply } = command;
  return (
    <tr>
      <th scope="row" className="wide">
        {name}
        {JSON.stringify(args) !== NO_ARGUMENTS && <code className="payload">{JSON.stringify(args)}</code>}
      </th>
      <td className="nowrap">
        <time title={momentOf(createdAt)}>{dayAndTimeOf(createdAt)}</time>
      </td>
      <td className="nowrap">
        <CommandState command={command} />
      </td>
      <td>{reply !== undefined && <code className="payload">{JSON.stringify(reply.result)}</code>}</td>
    </tr>
  );
}

function CommandState({ command: { state, reply, expiresAt } }: { command: CommandRecord }) {
  switch (state) {
    case 'queued':
      return (
        <>
          <Pill tone="quiet">Waits for the device</Pill>
          <small className="soft block">until {dayAndTimeOf(expiresAt)}</small>
        </>
      );
    case 'sent':
      return <Pill tone="info">Sent</Pill>;
    case 'delivered':
      return <Pill tone="info">Delivered</Pill>;
    case 'answered':
      return reply?.status === 'error' ? <Pill tone="bad">Failed</Pill> : <Pill tone="good">Done</Pill>;
    case 'expired':
      return <Pill tone="warn">Expired</Pill>;
  }
}

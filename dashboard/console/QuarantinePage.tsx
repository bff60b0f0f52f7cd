import { Button, Select, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useEffect, useState } from 'react';
import { useSearchParams } from 'wouter';
import type { QuarantineRecord } from '../api/shapes.ts';
import { CODE_LABELS } from '../look/quality-words.ts';
import { ListFrame } from './ListFrame.tsx';
import { QuarantineRow } from './QuarantineRow.tsx';
import { RetryAll } from './RetryAll.tsx';
import { useList } from './use-list.ts';
import { useManagesDevices } from './use-role.ts';

const TYPING_PAUSE_MS = 300;

/** Messages that were refused, with what was wrong, and another try. The filters stand in the address. */
export function QuarantinePage() {
  const [parameters, setParameters] = useSearchParams();
  const filters = { device: parameters.get('device') ?? '', reason: parameters.get('reason') ?? '' };
  const set = (name: string, value: string) =>
    setParameters(
      (before) => {
        const after = new URLSearchParams(before);
        if (value === '') after.delete(name);
        else after.set(name, value);
        return after;
      },
      { replace: true },
    );
  const list = useList<QuarantineRecord>('/api/v1/quarantine', filters);
  const mayRetry = useManagesDevices();
  return (
    <ListFrame
      title="Quarantine"
      intro="Messages that could not be understood. Each was acknowledged, kept here, and its device told. Once what was wrong is corrected, such as the range in a device type, try them again: they are stored by their own time, and trigger nothing."
      columns={[
        'Last seen',
        'Device',
        'What was wrong',
        'Times',
        'Payload',
        ...(mayRetry ? ['Another try'] : []),
      ]}
      empty={filters.device === '' && filters.reason === '' ? 'Nothing was refused.' : 'Nothing matches.'}
      list={list}
      filters={
        <>
          <Select
            label="Reason"
            placeholder="Any"
            clearable
            clearButtonProps={{ 'aria-label': 'Clear the reason filter' }}
            data={Object.entries(CODE_LABELS).map(([value, label]) => ({ value, label }))}
            value={filters.reason || null}
            onChange={(value) => set('reason', value ?? '')}
          />
          <DeviceFilter value={filters.device} onChange={(value) => set('device', value)} />
          <Button variant="default" onClick={() => list.refetch()} loading={list.isRefetching}>
            Refresh
          </Button>
          {mayRetry && <RetryAll device={filters.device} code={filters.reason} count={list.items.length} />}
        </>
      }
    >
      {list.items.map((item) => (
        <QuarantineRow key={item.id} item={item} mayRetry={mayRetry} />
      ))}
    </ListFrame>
  );
}

/** Filters by an exact id, once the typing pauses. */
function DeviceFilter({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const [text, setText] = useState(value);
  const [settled] = useDebouncedValue(text, TYPING_PAUSE_MS);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only a pause in typing changes the filter
  useEffect(() => {
    if (settled.trim() !== value) onChange(settled.trim());
  }, [settled]);
  return (
    <TextInput
      label="Device"
      placeholder="Device id"
      value={text}
      onChange={(event) => setText(event.currentTarget.value)}
    />
  );
}

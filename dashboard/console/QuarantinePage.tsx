import type { QuarantineRecord } from '../api/shapes.ts';
import { CODE_LABELS } from '../look/quality-words.ts';
import { ChoiceFilter } from './ChoiceFilter.tsx';
import { ListFrame } from './ListFrame.tsx';
import { QuarantineRow } from './QuarantineRow.tsx';
import { Refresh } from './Refresh.tsx';
import { RetryAll } from './RetryAll.tsx';
import { TextFilter } from './TextFilter.tsx';
import { useFilters } from './use-filters.ts';
import { useList } from './use-list.ts';
import { useManagesDevices } from './use-role.ts';

/** Messages that were refused, with what was wrong, and another try. The filters stand in the address. */
export function QuarantinePage() {
  const { filters, field } = useFilters(['device', 'reason']);
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
          <ChoiceFilter label="Reason" choices={CODE_LABELS} {...field('reason')} />
          <TextFilter label="Device" placeholder="Device id" {...field('device')} />
          <Refresh list={list} />
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

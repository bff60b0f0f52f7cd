import { TextInput } from '@mantine/core';
import type { AuditEntry } from '../../../gateway/records/audit.ts';
import { ChoiceFilter } from '../ChoiceFilter.tsx';
import { ListFrame } from '../ListFrame.tsx';
import { Refresh } from '../Refresh.tsx';
import { TextFilter } from '../TextFilter.tsx';
import { useFilters } from '../use-filters.ts';
import { useList } from '../use-list.ts';
import { AuditRow } from './AuditRow.tsx';
import { NOUNS } from './audit-words.ts';
import { VerificationBadge } from './VerificationBadge.tsx';

const FILTERS = ['actor', 'action', 'subject', 'from', 'to'] as const;

/** Who saw or changed what about whom, and when; and whether that log is as it was written. */
export function AuditPage() {
  const { filters, set, field } = useFilters(FILTERS);
  const { from, to, ...exact } = filters;
  const list = useList<AuditEntry>('/api/v1/audit', { ...exact, from: epochMs(from), to: epochMs(to) });
  const isFiltered = Object.values(filters).some((value) => value !== '');
  return (
    <ListFrame
      title="Audit"
      intro="Who changed what, and which staff looked at whose data. Looks at the same within an hour are one entry. Erased people and devices are not named any more; what was done about them stays."
      columns={['When', 'Who', 'What', 'About', 'Detail', 'Hash']}
      empty={isFiltered ? 'Nothing matches.' : 'Nothing has been done yet.'}
      list={list}
      actions={<VerificationBadge />}
      filters={
        <>
          <TextFilter label="Who" placeholder="User, consumer:id" {...field('actor')} />
          <ChoiceFilter label="What" placeholder="Anything" choices={NOUNS} {...field('action')} />
          <TextFilter label="About" placeholder="Id of anything" {...field('subject')} />
          <TimeFilter label="From" {...field('from')} />
          <TimeFilter label="To" {...field('to')} />
          <Refresh list={list} />
        </>
      }
    >
      {list.items.map((entry) => (
        <AuditRow
          key={entry.id}
          entry={entry}
          onActor={(actor) => set('actor', actor)}
          onSubject={(subject) => set('subject', subject)}
        />
      ))}
    </ListFrame>
  );
}

interface TimeProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

function TimeFilter({ label, value, onChange }: TimeProps) {
  return (
    <TextInput
      className="audit-when"
      type="datetime-local"
      label={label}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}

/** What a field of date and time holds, in the zone of whoever looks; empty where that is no time. */
function epochMs(local: string): string {
  const at = new Date(local).getTime();
  return Number.isNaN(at) ? '' : String(at);
}

import { TextInput } from '@mantine/core';
import { useState } from 'react';
import { NameAndId, useNameAndId } from '../NameAndId.tsx';
import { TimezoneField } from '../TimezoneField.tsx';
import { EditForm } from './EditForm.tsx';
import type { EditProps } from './use-editing.ts';

export interface Campaign {
  readonly id: string;
  readonly name: string;
  readonly budget: { readonly total?: number; readonly perDay?: number };
  readonly timezone: string | null;
}

/** A campaign's name, budget, and the clock of its days. */
export function CampaignForm({ saved, onSave, ...frame }: EditProps<Campaign>) {
  const named = useNameAndId(saved);
  const [total, setTotal] = useState(String(saved?.budget.total ?? ''));
  const [perDay, setPerDay] = useState(String(saved?.budget.perDay ?? ''));
  const [timezone, setTimezone] = useState(saved?.timezone ?? '');
  const save = () =>
    onSave(named.id, {
      name: named.name,
      budget: {
        ...(total === '' ? {} : { total: Number(total) }),
        ...(perDay === '' ? {} : { perDay: Number(perDay) }),
      },
      timezone: timezone.trim() === '' ? null : timezone.trim(),
    });
  return (
    <EditForm
      title={saved === null ? 'New campaign' : `Change ${saved.name}`}
      save="Save campaign"
      onSave={save}
      {...frame}
    >
      <NameAndId {...named} />
      <BudgetField label="Offers in all" value={total} onValue={setTotal} />
      <BudgetField label="Offers a day" value={perDay} onValue={setPerDay} />
      <TimezoneField
        label="Time zone of its days"
        description="Empty: UTC"
        value={timezone}
        onValue={setTimezone}
      />
    </EditForm>
  );
}

interface BudgetProps {
  readonly label: string;
  readonly value: string;
  readonly onValue: (value: string) => void;
}

function BudgetField({ label, value, onValue }: BudgetProps) {
  return (
    <TextInput
      label={label}
      description="Empty: no limit"
      type="number"
      min={1}
      max={1_000_000_000}
      value={value}
      onChange={(event) => onValue(event.currentTarget.value)}
    />
  );
}

import { TextInput } from '@mantine/core';
import { useState } from 'react';
import { idOfName } from '../id-of-name.ts';
import { EditForm } from './EditForm.tsx';

export interface CampaignFields {
  readonly id: string;
  readonly name: string;
  readonly budget: { readonly total?: number; readonly perDay?: number };
  readonly timezone: string | null;
}

interface Props {
  /** Null for a new one. */
  readonly campaign: CampaignFields | null;
  readonly busy: boolean;
  readonly error: Error | null;
  readonly onSave: (campaign: CampaignFields) => void;
  readonly onCancel: () => void;
}

const TIMEZONES = Intl.supportedValuesOf('timeZone');

export function CampaignForm({ campaign, busy, error, onSave, onCancel }: Props) {
  const [name, setName] = useState(campaign?.name ?? '');
  const [typedId, setTypedId] = useState<string | null>(null);
  const [total, setTotal] = useState(String(campaign?.budget.total ?? ''));
  const [perDay, setPerDay] = useState(String(campaign?.budget.perDay ?? ''));
  const [timezone, setTimezone] = useState(campaign?.timezone ?? '');
  const id = campaign?.id ?? typedId ?? idOfName(name);
  const save = () =>
    onSave({
      id,
      name: name.trim(),
      budget: {
        ...(total === '' ? {} : { total: Number(total) }),
        ...(perDay === '' ? {} : { perDay: Number(perDay) }),
      },
      timezone: timezone.trim() === '' ? null : timezone.trim(),
    });
  return (
    <EditForm
      title={campaign === null ? 'New campaign' : `Change ${campaign.name}`}
      save="Save campaign"
      busy={busy}
      error={error}
      onSave={save}
      onCancel={onCancel}
    >
      <TextInput
        label="Name"
        required
        maxLength={200}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      {campaign === null && (
        <TextInput
          label="Id"
          required
          pattern="[A-Za-z0-9._:\-]{1,128}"
          value={id}
          onChange={(event) => setTypedId(event.currentTarget.value.trim())}
        />
      )}
      <TextInput
        label="Offers in all"
        description="Empty: no limit"
        type="number"
        min={1}
        max={1_000_000_000}
        value={total}
        onChange={(event) => setTotal(event.currentTarget.value)}
      />
      <TextInput
        label="Offers a day"
        description="Empty: no limit"
        type="number"
        min={1}
        max={1_000_000_000}
        value={perDay}
        onChange={(event) => setPerDay(event.currentTarget.value)}
      />
      <TextInput
        label="Time zone of its days"
        description="Empty: UTC"
        list="campaign-timezones"
        value={timezone}
        onChange={(event) => setTimezone(event.currentTarget.value)}
      />
      <datalist id="campaign-timezones">
        {TIMEZONES.map((zone) => (
          <option key={zone} value={zone} />
        ))}
      </datalist>
    </EditForm>
  );
}

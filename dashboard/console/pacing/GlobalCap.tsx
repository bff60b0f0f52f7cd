import { Button, NativeSelect, Skeleton, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { request } from '../../api/request.ts';
import { Trouble } from '../../look/Trouble.tsx';
import { PageSection } from '../PageSection.tsx';
import { Problems } from '../Problems.tsx';
import {
  DURATION_UNITS,
  type DurationUnit,
  durationInWords,
  isoDuration,
  splitDuration,
} from '../rules/duration.ts';
import { useMarkets } from '../use-role.ts';

interface Pacing {
  readonly perConsumer: { readonly count: number; readonly per: string } | null;
}

const PATH = '/api/v1/pacing';

/** How many offers of all rules together one person may get. */
export function GlobalCap() {
  const pacing = useQuery({ queryKey: [PATH], queryFn: () => request<Pacing>('GET', PATH) });
  const mayChange = useMarkets();
  return (
    <PageSection
      title="Across all rules"
      intro="However many rules there are: one person gets at most so many offers within a time."
    >
      {pacing.isError && <Trouble error={pacing.error} onRetry={() => pacing.refetch()} />}
      {pacing.isPending && <Skeleton height={80} role="status" aria-label="Loading" />}
      {pacing.data !== undefined && !mayChange && (
        <p className="surface list-empty">{capInWords(pacing.data)}</p>
      )}
      {pacing.data !== undefined && mayChange && (
        <CapForm key={JSON.stringify(pacing.data.perConsumer)} pacing={pacing.data} />
      )}
    </PageSection>
  );
}

function capInWords({ perConsumer }: Pacing): string {
  return perConsumer === null
    ? 'There is no limit across rules.'
    : `At most ${perConsumer.count} offers to one person in ${durationInWords(perConsumer.per)}.`;
}

function CapForm({ pacing }: { pacing: Pacing }) {
  const queries = useQueryClient();
  const split = splitDuration(pacing.perConsumer?.per ?? 'P1D');
  const [limited, setLimited] = useState(pacing.perConsumer !== null);
  const [count, setCount] = useState(String(pacing.perConsumer?.count ?? 3));
  const [length, setLength] = useState(String(split?.count ?? 1));
  const [unit, setUnit] = useState<DurationUnit>(split?.unit ?? 'D');
  const save = useMutation({
    mutationFn: () =>
      request<Pacing>('PUT', PATH, {
        perConsumer: limited ? { count: Number(count), per: isoDuration(Number(length), unit) } : null,
      }),
    onSuccess: (saved) => queries.setQueryData([PATH], saved),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <form className="surface edit-form" aria-label="Cap across all rules" onSubmit={submit}>
      <p className="cap-now" role="status">
        {capInWords(pacing)}
      </p>
      <label className="cap-check">
        <input
          type="checkbox"
          checked={limited}
          onChange={(event) => setLimited(event.currentTarget.checked)}
        />
        Limit what one person gets
      </label>
      {limited && (
        <div className="edit-fields">
          <TextInput
            label="Offers to one person"
            type="number"
            min={1}
            max={1_000}
            required
            value={count}
            onChange={(event) => setCount(event.currentTarget.value)}
          />
          <TextInput
            label="Within"
            type="number"
            min={1}
            required
            value={length}
            onChange={(event) => setLength(event.currentTarget.value)}
          />
          <NativeSelect
            label="Unit"
            data={DURATION_UNITS.map(({ value, label }) => ({ value, label }))}
            value={unit}
            onChange={(event) => setUnit(event.currentTarget.value as DurationUnit)}
          />
        </div>
      )}
      <Problems error={save.error} />
      <div className="edit-buttons">
        <Button type="submit" loading={save.isPending}>
          Save the cap
        </Button>
      </div>
    </form>
  );
}

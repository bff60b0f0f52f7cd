import { Autocomplete, Button, Select, Skeleton, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useEffect, useState } from 'react';
import { Link, useSearchParams } from 'wouter';
import { ApiProblem, request } from '../../api/request.ts';
import type { Page } from '../../api/shapes.ts';
import { localInput } from './backtest/period.ts';
import { ExplanationView } from './ExplanationView.tsx';
import type { Explanation } from './explain-shapes.ts';
import { SaveTrouble } from './SaveTrouble.tsx';
import { useNow } from './use-now.ts';
import { usePlaceName, usePlaceSearch } from './use-rule-names.ts';
import { VisitPicks } from './VisitPicks.tsx';

const TYPING_PAUSE_MS = 200;
const WINDOWS = [
  { value: 'PT5M', label: '5 minutes around it' },
  { value: 'PT15M', label: '15 minutes around it' },
  { value: 'PT1H', label: 'an hour around it' },
  { value: 'PT12H', label: '12 hours around it' },
];

/** For a person, a place and a time: every rule, and what stopped it. What is asked stands in the address, to be linked to. */
export function ExplainPage() {
  const [parameters, setParameters] = useSearchParams();
  const [consumer, place] = [parameters.get('consumer') ?? '', parameters.get('place') ?? ''];
  const [atText, window] = [parameters.get('at') ?? '', parameters.get('window') ?? 'PT15M'];
  const asked = consumer !== '' && /^\d+$/.test(atText);
  useEffect(() => {
    document.title = 'Explain · Wayside';
  }, []);
  const found = useQuery({
    queryKey: ['explain', consumer, place, atText, window],
    queryFn: () => {
      const query = new URLSearchParams({ consumer, at: atText, window });
      if (place !== '') query.set('place', place);
      return request<Explanation>('GET', `/api/v1/explain?${query}`);
    },
    enabled: asked,
  });
  const ask = (next: Readonly<Record<string, string>>) => {
    const kept = Object.entries({ consumer, place, at: atText, window, ...next }).filter(
      ([, value]) => value !== '',
    );
    setParameters(new URLSearchParams(kept));
  };
  return (
    <div className="list-page">
      <p className="crumb">
        <Link href="/decisions">Decisions</Link>
      </p>
      <h1>Explain a moment</h1>
      <p className="soft list-intro">
        Why somebody was, or was not, brought an offer: every rule, and what stopped it.
      </p>
      <Question
        key={parameters.toString()}
        consumer={consumer}
        place={place}
        at={asked ? Number(atText) : null}
        window={window}
        busy={found.isFetching}
        onAsk={ask}
      />
      {consumer !== '' && !asked && <VisitPicks consumer={consumer} />}
      {!asked && consumer === '' && (
        <p className="surface list-empty soft">
          Choose a person and a time. From a decision, “Explain” brings you here with both filled in.
        </p>
      )}
      {asked && found.isPending && <Skeleton height={280} role="status" aria-label="Loading" />}
      {found.error !== null && <SaveTrouble error={found.error} />}
      {found.data !== undefined && asked && <ExplanationView explanation={found.data} />}
      {asked && found.error instanceof ApiProblem && found.error.status === 404 && (
        <VisitPicks consumer={consumer} />
      )}
    </div>
  );
}

interface QuestionProps {
  readonly consumer: string;
  readonly place: string;
  /** Epoch ms, or null where none is asked about. */
  readonly at: number | null;
  readonly window: string;
  readonly busy: boolean;
  readonly onAsk: (next: Readonly<Record<string, string>>) => void;
}

function Question({ consumer, place, at, window, busy, onAsk }: QuestionProps) {
  const now = useNow();
  const [who, setWho] = useState(consumer);
  const [where, setWhere] = useState(place);
  const [when, setWhen] = useState(at === null ? '' : localInput(at));
  const [span, setSpan] = useState(window);
  const [sought] = useDebouncedValue(where, TYPING_PAUSE_MS);
  const { places } = usePlaceSearch(sought);
  const name = usePlaceName(where);
  const names = new Map(places.map((one) => [one.id, one.name]));
  const people = useQuery({
    queryKey: ['consumer-ids'],
    queryFn: () => request<Page<{ readonly id: string }>>('GET', '/api/v1/consumers?limit=1000'),
    staleTime: 60_000,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    // The moment itself where its minute was not changed: a decision falls within a minute.
    const chosen = when === '' ? now : new Date(when).getTime();
    const exact = at !== null && when === localInput(at) ? at : chosen;
    onAsk({ consumer: who.trim(), place: where.trim(), at: String(exact), window: span });
  };
  return (
    <form className="explain-form surface" onSubmit={submit}>
      <Autocomplete
        label="Person"
        description="Id of the consumer."
        required
        data={people.data?.items.map(({ id }) => id) ?? []}
        limit={50}
        value={who}
        onChange={setWho}
      />
      <Autocomplete
        label="Place"
        description={where !== '' && name !== where ? name : 'Empty: rules of any kind.'}
        data={[...names.keys()]}
        filter={({ options }) => options}
        value={where}
        onChange={setWhere}
        renderOption={({ option }) => (
          <span className="name-option">
            <span>{option.value}</span>
            <small className="soft">{names.get(option.value)}</small>
          </span>
        )}
      />
      <TextInput
        type="datetime-local"
        label="Time"
        description="Your clock. Empty: now."
        value={when}
        onChange={(event) => setWhen(event.currentTarget.value)}
      />
      <Select
        label="Looking at"
        description="To either side of the time."
        data={WINDOWS}
        allowDeselect={false}
        value={span}
        onChange={(next) => setSpan(next ?? 'PT15M')}
      />
      <Button type="submit" loading={busy}>
        Explain
      </Button>
    </form>
  );
}

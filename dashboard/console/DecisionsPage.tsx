import { UnstyledButton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'wouter';
import { request } from '../api/request.ts';
import type { Decision, Delivery, Page } from '../api/shapes.ts';
import { REASON_LABELS, REASON_WORDS } from '../look/reasons.ts';
import { Pill, StateBadge } from '../look/StateBadge.tsx';
import { dayAndTimeOf, momentOf } from '../look/when.ts';
import { ChoiceFilter } from './ChoiceFilter.tsx';
import { ListFrame } from './ListFrame.tsx';
import { Refresh } from './Refresh.tsx';
import { explainAddress } from './rules/explain-shapes.ts';
import { TextFilter } from './TextFilter.tsx';
import { useFilters } from './use-filters.ts';
import { useList } from './use-list.ts';
import { type Names, useNames } from './use-names.ts';

const TEXT_FILTERS = ['rule', 'consumer', 'device'] as const;
const OUTCOME_LABELS: Readonly<Record<Decision['outcome'], string>> = {
  sent: 'Sent',
  suppressed: 'Suppressed',
};
const FILTERS = ['state', 'reason', ...TEXT_FILTERS] as const;

const capitalised = (word: string) => `${word[0]?.toUpperCase()}${word.slice(1)}`;

/** Every decision with its reason. The filters stand in the address, so that a filtered list can be linked to. */
export function DecisionsPage() {
  const { filters, field } = useFilters(FILTERS);
  const names = useNames();
  const list = useList<Decision>('/api/v1/decisions', filters);
  return (
    <ListFrame
      title="Decisions"
      intro="Each time a rule’s trigger fired for someone: what was decided, and why."
      columns={['When', 'Rule', 'Consumer', 'Device and place', 'Outcome', 'Why']}
      empty="No decision matches."
      list={list}
      actions={
        <p className="rule-more">
          <Link href="/explain">Explain a moment</Link>
        </p>
      }
      filters={
        <>
          <ChoiceFilter label="Outcome" choices={OUTCOME_LABELS} {...field('state')} />
          <ChoiceFilter label="Reason" choices={REASON_LABELS} {...field('reason')} />
          {TEXT_FILTERS.map((name) => (
            <TextFilter
              key={name}
              label={capitalised(name)}
              placeholder={`${capitalised(name)} id`}
              {...field(name)}
            />
          ))}
          <Refresh list={list} />
        </>
      }
    >
      {list.items.map((decision) => (
        <DecisionRow key={decision.id} decision={decision} names={names} />
      ))}
    </ListFrame>
  );
}

function DecisionRow({ decision, names }: { decision: Decision; names: Names }) {
  return (
    <tr>
      <td className="nowrap">
        <time dateTime={new Date(decision.at).toISOString()} title={momentOf(decision.at)}>
          {dayAndTimeOf(decision.at)}
        </time>
      </td>
      <td className="wide">
        {names.rule(decision.rule)} <small className="soft">v{decision.ruleVersion}</small>
      </td>
      <td className="nowrap">{decision.consumer}</td>
      <td>
        {decision.device}
        {decision.place && <small className="soft block">{names.place(decision.place)}</small>}
      </td>
      <td>
        <Pill tone={decision.outcome === 'sent' ? 'good' : 'quiet'}>{OUTCOME_LABELS[decision.outcome]}</Pill>
      </td>
      <td className="why">
        {decision.reason && <strong>{REASON_WORDS[decision.reason]}</strong>}
        <span className={decision.reason ? 'soft' : undefined}>{decision.detail}</span>
        <Link
          className="delivery-open"
          href={explainAddress(decision.consumer, decision.place, decision.at)}
          aria-label={`Explain: ${names.rule(decision.rule)} for ${decision.consumer}`}
        >
          Explain
        </Link>
        {decision.deliveryId && <DeliveryLine decision={decision} deliveryId={decision.deliveryId} />}
      </td>
    </tr>
  );
}

/** What became of the offer: asked for only when opened, as the list is long and most are of no interest. */
function DeliveryLine({ decision, deliveryId }: { decision: Decision; deliveryId: string }) {
  const [open, setOpen] = useState(false);
  const delivery = useQuery({
    queryKey: ['delivery', deliveryId],
    queryFn: async () => {
      const { items } = await request<Page<Delivery>>(
        'GET',
        `/api/v1/deliveries?${new URLSearchParams({ consumer: decision.consumer, rule: decision.rule, limit: '1000' })}`,
      );
      return items.find(({ id }) => id === deliveryId) ?? null;
    },
    enabled: open,
  });
  if (!open) {
    return (
      <UnstyledButton className="delivery-open" onClick={() => setOpen(true)}>
        What became of it
      </UnstyledButton>
    );
  }
  if (delivery.isPending) return <small className="soft">Looking …</small>;
  if (delivery.isError) return <small className="lost">{delivery.error.message}</small>;
  if (delivery.data === null) return <small className="soft">The delivery is no longer kept.</small>;
  const { state, attempts, sentAt, shownAt, clickedAt, redeemedAt, reason } = delivery.data;
  const steps = [
    ['sent', sentAt],
    ['shown', shownAt],
    ['clicked', clickedAt],
    ['redeemed', redeemedAt],
  ] as const;
  return (
    <small className="delivery">
      <StateBadge state={state} />
      {steps.map(([name, at]) => (at ? <span key={name}>{`${name} ${dayAndTimeOf(at)}`}</span> : null))}
      {attempts > 1 && <span>{`${attempts} attempts`}</span>}
      {reason && <span>{reason}</span>}
    </small>
  );
}

import { Skeleton } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Funnel, FunnelCounts } from '../../../gateway/funnel/funnel.ts';
import { request } from '../../api/request.ts';
import { HeadRow } from '../../look/HeadRow.tsx';
import { Trouble } from '../../look/Trouble.tsx';
import { ScrollRegion } from '../ScrollRegion.tsx';
import { type Period, type Preset, periodOf } from './backtest/period.ts';
import { ExperimentResultView } from './ExperimentResultView.tsx';
import { PeriodPicker } from './PeriodPicker.tsx';
import { ReasonFunnel } from './ReasonFunnel.tsx';
import { useNow } from './use-now.ts';

/** What came of a rule in a period: what stopped it, what became of its offers, and what the experiment can tell. */
export function RuleFunnel({ id }: { id: string }) {
  const now = useNow();
  const [preset, setPreset] = useState<Preset>('week');
  const [own, setOwn] = useState<Period | null>(null);
  const isOwn = preset === 'custom' && own !== null;
  // Up to this moment by the gateway's clock, unless the period has an end of its own.
  const given = isOwn ? own : preset === 'yesterday' ? periodOf('yesterday', now) : null;
  const from = given?.from ?? periodOf(preset === 'month' ? 'month' : 'week', now).from;
  const funnel = useQuery({
    queryKey: ['rule-funnel', id, preset, from, given?.to],
    queryFn: () => {
      const period = new URLSearchParams({ from: String(from) });
      if (given !== null) period.set('to', String(given.to));
      return request<Funnel>('GET', `/api/v1/rules/${encodeURIComponent(id)}/funnel?${period}`);
    },
    placeholderData: keepPreviousData,
  });
  return (
    <section className="surface rule-section" aria-labelledby="funnel-title">
      <div className="section-head">
        <h2 id="funnel-title">What came of it</h2>
        <PeriodPicker
          label="Period of the figures"
          preset={preset}
          period={given ?? { from, to: now }}
          now={now}
          onChange={(next, period) => {
            setPreset(next);
            setOwn(period);
          }}
        />
      </div>
      {funnel.isError && <Trouble error={funnel.error} onRetry={() => funnel.refetch()} />}
      {funnel.isPending && <Skeleton height={180} role="status" aria-label="Loading" />}
      {funnel.data !== undefined && <FunnelParts funnel={funnel.data} />}
    </section>
  );
}

function FunnelParts({ funnel }: { funnel: Funnel }) {
  if (funnel.triggers === 0)
    return (
      <p className="soft">
        Its trigger did not fire for anybody in this time. Try a longer period, or try the rule on the past.
      </p>
    );
  return (
    <>
      <ReasonFunnel
        title="From each firing of the trigger to what was sent"
        sent={funnel.sent}
        suppressed={funnel.suppressed}
        sentLabel="Sent"
      />
      {funnel.sent > 0 && <Offers counts={funnel} />}
      <Comparison
        title="By wording"
        head="Wording"
        rows={funnel.byVariant.map((row) => ({ key: row.variant ?? 'no wording', counts: row }))}
      />
      <Comparison
        title="By version"
        head="Version"
        rows={funnel.byVersion.map((row) => ({ key: String(row.version), counts: row }))}
      />
      {funnel.experiment !== null && <ExperimentResultView experiment={funnel.experiment} />}
    </>
  );
}

const STEPS = [
  { field: 'delivered', label: 'Reached a browser' },
  { field: 'shown', label: 'Shown' },
  { field: 'clicked', label: 'Clicked' },
  { field: 'redeemed', label: 'Redeemed' },
] as const;

/** What became of the offers that were sent. */
function Offers({ counts }: { counts: FunnelCounts }) {
  const rest = [
    counts.dismissed > 0 ? `${counts.dismissed.toLocaleString()} dismissed` : '',
    counts.lost > 0 ? `${counts.lost.toLocaleString()} never arrived` : '',
    counts.waiting > 0 ? `${counts.waiting.toLocaleString()} on their way` : '',
  ].filter((part) => part !== '');
  return (
    <div>
      <h3 className="small-head">What became of the offers</h3>
      <dl className="steps">
        {STEPS.map(({ field, label }) => (
          <div key={field}>
            <dt className="soft">{label}</dt>
            <dd>
              {counts[field].toLocaleString()}
              <small className="soft">{percentOf(counts[field], counts.sent)}</small>
            </dd>
            <span className="steps-track" aria-hidden="true">
              <span style={{ width: `${Math.min(100, (100 * counts[field]) / counts.sent)}%` }} />
            </span>
          </div>
        ))}
      </dl>
      {rest.length > 0 && <p className="soft small">{rest.join(', ')}.</p>}
    </div>
  );
}

interface ComparisonRow {
  readonly key: string;
  readonly counts: FunnelCounts;
}

/** Wordings or versions beside each other; one alone has nothing to be compared with. */
function Comparison({ title, head, rows }: { title: string; head: string; rows: readonly ComparisonRow[] }) {
  if (rows.length < 2) return null;
  return (
    <ScrollRegion label={title} className="list-table">
      <h3 className="small-head">{title}</h3>
      <table>
        <HeadRow columns={[head, 'Trigger fired', 'Sent', 'Shown', 'Clicked', 'Clicked of sent']} />
        <tbody>
          {rows.map(({ key, counts }) => (
            <tr key={key}>
              <th scope="row">{key}</th>
              <td>{counts.triggers.toLocaleString()}</td>
              <td>{counts.sent.toLocaleString()}</td>
              <td>{counts.shown.toLocaleString()}</td>
              <td>{counts.clicked.toLocaleString()}</td>
              <td>{percentOf(counts.clicked, counts.sent)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  );
}

function percentOf(count: number, of: number): string {
  return of === 0 ? '' : `${Number(((100 * count) / of).toFixed(1))} %`;
}

import { Button, Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useEffect } from 'react';
import { Link, useLocation } from 'wouter';
import { request } from '../../api/request.ts';
import type { RuleRecord } from '../../api/shapes.ts';
import { Pill } from '../../look/StateBadge.tsx';
import { Trouble } from '../../look/Trouble.tsx';
import { dayAndTimeOf } from '../../look/when.ts';
import { Fold } from '../Fold.tsx';
import { useMarkets } from '../use-role.ts';
import { ProblemList } from './ProblemList.tsx';
import { RuleActions } from './RuleActions.tsx';
import { RuleFunnel } from './RuleFunnel.tsx';
import { RuleSummary } from './RuleSummary.tsx';
import { RuleVersions } from './RuleVersions.tsx';
import { RULE_STATES } from './rule-states.ts';

const Backtest = lazy(() =>
  import('./backtest/Backtest.tsx').then((module) => ({ default: module.Backtest })),
);

/** One rule: what it says, what came of it, and what it said before. */
export function RulePage({ id }: { id: string }) {
  const [, navigate] = useLocation();
  const mayChange = useMarkets();
  const rule = useQuery({
    queryKey: ['rule', id],
    queryFn: () => request<RuleRecord>('GET', `/api/v1/rules/${encodeURIComponent(id)}`),
  });
  const name = rule.data?.name ?? id;
  const problems = rule.data?.problems ?? [];
  useEffect(() => {
    document.title = `${name} · Wayside`;
  }, [name]);
  return (
    <div className="list-page">
      <p className="crumb">
        <Link href="/rules">Rules</Link>
      </p>
      {rule.isError && <Trouble error={rule.error} onRetry={() => rule.refetch()} />}
      {rule.isPending && <Skeleton height={320} role="status" aria-label="Loading" />}
      {rule.data !== undefined && (
        <>
          <div className="editor-head">
            <h1>{name}</h1>
            <Pill tone={RULE_STATES[rule.data.state].tone}>{RULE_STATES[rule.data.state].label}</Pill>
            <span className="soft editor-note">
              {`Version ${rule.data.version}, changed ${dayAndTimeOf(rule.data.updatedAt)}`}
            </span>
            <div className="editor-buttons">
              <RuleActions rule={rule.data} />
              {mayChange && rule.data.state !== 'ended' && (
                <Button onClick={() => navigate(`/rules/${encodeURIComponent(id)}/edit`)}>Edit</Button>
              )}
            </div>
          </div>
          {problems.length > 0 && rule.data.state !== 'ended' && (
            <div className="refusal" role="status">
              <strong>Saved as it is now, it would be refused.</strong> What this stops, its decisions tell.
              <ProblemList problems={problems} />
            </div>
          )}
          <section className="surface rule-card" aria-label="What it says">
            <RuleSummary document={rule.data.rule} />
          </section>
          <RuleFunnel id={id} />
          <p className="rule-more">
            <Link href={`/decisions?rule=${encodeURIComponent(id)}`}>Every decision of this rule</Link>
            <Link href="/explain">Explain a moment</Link>
          </p>
          <Fold title="Try it on the past">
            <Suspense fallback={null}>
              <Backtest rule={id} document={null} problems={0} />
            </Suspense>
          </Fold>
          <RuleVersions id={id} current={rule.data.version} />
        </>
      )}
    </div>
  );
}

import { useMutation, useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import type { BacktestReport } from '../../../../gateway/backtest/report.ts';
import { request } from '../../../api/request.ts';

const POLL_MS = 400;

/** What to try: a rule, saved or as it is written now, over a period. */
export interface BacktestOrder {
  readonly rule: string;
  /** The document where it is not saved. */
  readonly document: unknown;
  /** Epoch ms. */
  readonly from: number;
  readonly to: number;
  readonly alone: boolean;
}

/** Whether a report still changes. */
export const isUnderWay = (report: BacktestReport): boolean =>
  report.state === 'waiting' || report.state === 'running';

/** Starts a backtest and follows it. What was begun is cancelled when the page is left: nobody would read it. */
export function useBacktest() {
  const [job, setJob] = useState<BacktestReport | null>(null);
  const start = useMutation({
    mutationFn: ({ rule, document, ...order }: BacktestOrder) =>
      request<BacktestReport>('POST', `/api/v1/rules/${encodeURIComponent(rule)}/backtest?wait=PT1S`, {
        ...order,
        ...(document !== null && { rule: document }),
      }),
    // The report before is of something else.
    onMutate: () => setJob(null),
    onSuccess: setJob,
  });
  const follow = useQuery({
    queryKey: ['backtest', job?.id],
    queryFn: () => request<BacktestReport>('GET', addressOf(job?.id ?? '')),
    enabled: job !== null && isUnderWay(job),
    refetchInterval: ({ state }) => (state.data === undefined || isUnderWay(state.data) ? POLL_MS : false),
    gcTime: 0,
  });
  const report = follow.data ?? job;
  const cancel = useMutation({
    mutationFn: (id: string) => request<unknown>('DELETE', addressOf(id)),
    onSuccess: () => follow.refetch(),
  });
  const running = useRef<string | null>(null);
  running.current = report !== null && isUnderWay(report) ? report.id : null;
  useEffect(
    () => () => {
      if (running.current === null) return;
      // Where it is done by now there is nothing to cancel, and the answer is of no interest.
      void fetch(addressOf(running.current), {
        method: 'DELETE',
        credentials: 'same-origin',
        keepalive: true,
      });
    },
    [],
  );
  return { start, cancel, report, error: start.error ?? follow.error ?? cancel.error };
}

const addressOf = (id: string): string => `/api/v1/backtests/${encodeURIComponent(id)}`;

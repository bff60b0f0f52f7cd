import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { RuleState } from '../../../gateway/records/schema.ts';
import type { SuppressionReason } from '../../../rules/step.ts';
import { request } from '../../api/request.ts';
import type { RuleRecord } from '../../api/shapes.ts';

export interface RuleCount {
  readonly rule: string;
  readonly sent: number;
  readonly suppressed: number;
  readonly reasons: Readonly<Partial<Record<SuppressionReason, number>>>;
}

const REFRESH_MS = 15_000;

/** What each rule decided in the last day, by rule; empty for a role that may not read decisions. */
export function useRuleCounts(): ReadonlyMap<string, RuleCount> | null {
  const counts = useQuery({
    queryKey: ['rule-counts'],
    queryFn: async () => {
      const { items } = await request<{ readonly items: readonly RuleCount[] }>('GET', '/api/v1/rule-counts');
      return new Map(items.map((item) => [item.rule, item]));
    },
    refetchInterval: REFRESH_MS,
  });
  return counts.data ?? null;
}

/** Starts, pauses, resumes or ends a rule. */
export function useRuleState(id: string, onDone: () => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (state: RuleState) =>
      request<RuleRecord>('POST', `/api/v1/rules/${encodeURIComponent(id)}/state`, { state }),
    onSuccess: async (after) => {
      queries.setQueryData(['rule', id], after);
      await queries.invalidateQueries({ queryKey: ['list', '/api/v1/rules'] });
      onDone();
    },
  });
}

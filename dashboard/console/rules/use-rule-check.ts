import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { request } from '../../api/request.ts';
import type { RuleCheck } from './edit.ts';

const TYPING_PAUSE_MS = 250;

/** What the gateway says of a document while it is written; null until it has said something. */
export function useRuleCheck(document: unknown) {
  const [settled] = useDebouncedValue(document, TYPING_PAUSE_MS);
  const check = useQuery({
    queryKey: ['rule-check', settled],
    queryFn: () => request<RuleCheck>('POST', '/api/v1/rules/check', settled),
    enabled: settled !== null,
    placeholderData: keepPreviousData,
    gcTime: 60_000,
  });
  return {
    check: check.data ?? null,
    /** The answer is of what is there now. */
    isCurrent: settled === document && !check.isPlaceholderData && check.data !== undefined,
    error: check.error,
  };
}

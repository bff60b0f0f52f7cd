import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { Link } from 'wouter';
import { request } from '../../api/request.ts';
import type { RuleRecord } from '../../api/shapes.ts';
import { Trouble } from '../../look/Trouble.tsx';
import { RuleEditor } from './RuleEditor.tsx';

/** Writes a rule: a new one, or the next version of one that there is. */
export function RuleEditorPage({ id }: { id: string | null }) {
  const rule = useQuery({
    queryKey: ['rule', id],
    queryFn: () => request<RuleRecord>('GET', `/api/v1/rules/${encodeURIComponent(id ?? '')}`),
    enabled: id !== null,
    // What is being edited does not change below somebody's hands.
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });
  const title = id === null ? 'New rule' : (rule.data?.name ?? id);
  useEffect(() => {
    window.document.title = `${title} · Wayside`;
  }, [title]);
  return (
    <div className="list-page">
      <p className="crumb">
        <Link href="/rules">Rules</Link>
        {id !== null && (
          <>
            {' / '}
            <Link href={`/rules/${encodeURIComponent(id)}`}>{rule.data?.name ?? id}</Link>
          </>
        )}
      </p>
      {rule.isError && <Trouble error={rule.error} onRetry={() => rule.refetch()} />}
      {id !== null && rule.isPending && <Skeleton height={420} role="status" aria-label="Loading" />}
      {id === null && <RuleEditor key="new" record={null} />}
      {rule.data !== undefined && <RuleEditor key={`${id} ${rule.data.version}`} record={rule.data} />}
    </div>
  );
}

import { useQuery } from '@tanstack/react-query';
import { request } from '../../api/request.ts';
import type { Page } from '../../api/shapes.ts';
import { Trouble } from '../../look/Trouble.tsx';
import { dayAndTimeOf, momentOf } from '../../look/when.ts';
import { changedParts } from './changed-parts.ts';

interface RuleVersion {
  readonly version: number;
  readonly savedAt: number;
  readonly rule: object;
}

const MOST = 50;

/** What the rule said before, newest first, and what each version changed. */
export function RuleVersions({ id, current }: { id: string; current: number }) {
  const versions = useQuery({
    queryKey: ['rule-versions', id, current],
    queryFn: () =>
      request<Page<RuleVersion>>('GET', `/api/v1/rules/${encodeURIComponent(id)}/versions?limit=${MOST}`),
  });
  const items = versions.data?.items ?? [];
  return (
    <section className="versions" aria-labelledby="versions-title">
      <h2 id="versions-title">Versions</h2>
      {versions.isError && <Trouble error={versions.error} onRetry={() => versions.refetch()} />}
      <ol className="surface version-list">
        {items.map(({ version, savedAt, rule }, index) => (
          <li key={version}>
            <strong>Version {version}</strong>
            {version === current && <span className="soft">in force</span>}
            <time className="soft" dateTime={new Date(savedAt).toISOString()} title={momentOf(savedAt)}>
              {dayAndTimeOf(savedAt)}
            </time>
            <span className="version-changes">{changesInWords(items[index + 1]?.rule, rule, version)}</span>
            <details className="document">
              <summary>
                The document<span className="visually-hidden"> of version {version}</span>
              </summary>
              <pre>{JSON.stringify(rule, null, 2)}</pre>
            </details>
          </li>
        ))}
      </ol>
      {versions.data?.next != null && <p className="soft">Older versions are not listed here.</p>}
    </section>
  );
}

function changesInWords(before: object | undefined, after: object, version: number): string {
  if (version === 1) return 'first saved';
  if (before === undefined) return '';
  const parts = changedParts(before, after);
  return parts.length === 0 ? 'saved without a change' : `changed ${parts.join(', ')}`;
}

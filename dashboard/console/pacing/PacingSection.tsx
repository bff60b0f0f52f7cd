import { Button, Skeleton } from '@mantine/core';
import type { ReactNode } from 'react';
import { HeadRow } from '../../look/HeadRow.tsx';
import { Trouble } from '../../look/Trouble.tsx';
import type { useDocuments } from './use-documents.ts';

interface Props {
  readonly title: string;
  readonly intro: string;
  /** What the button that begins a new one says; null where it is not to be shown. */
  readonly begin: string | null;
  readonly onBegin: () => void;
  readonly columns: readonly string[];
  readonly empty: string;
  readonly list: ReturnType<typeof useDocuments<unknown>>['list'];
  /** The form, where one is open, and what was said of the last change. */
  readonly form: ReactNode;
  /** The table's rows. */
  readonly children: ReactNode;
}

/** One kind of thing on a page that has several: heading, form, table. */
export function PacingSection({ title, intro, begin, onBegin, columns, empty, list, form, children }: Props) {
  const heading = title.toLowerCase().replaceAll(' ', '-');
  return (
    <section className="pacing-section" aria-labelledby={heading}>
      <div className="pacing-head">
        <div>
          <h2 id={heading}>{title}</h2>
          <p className="soft">{intro}</p>
        </div>
        {begin !== null && (
          <Button size="sm" variant="default" onClick={onBegin}>
            {begin}
          </Button>
        )}
      </div>
      {form}
      {list.isError && list.error !== null && <Trouble error={list.error} onRetry={() => list.refetch()} />}
      {list.isPending && <Skeleton height={120} role="status" aria-label="Loading" />}
      {list.isSuccess && list.items.length === 0 && <p className="surface list-empty soft">{empty}</p>}
      {list.items.length > 0 && (
        <div className="surface list-table">
          <table aria-labelledby={heading}>
            <HeadRow columns={columns} />
            <tbody>{children}</tbody>
          </table>
        </div>
      )}
      {list.hasNextPage && (
        <Button
          className="load-older"
          variant="default"
          loading={list.isFetchingNextPage}
          onClick={() => list.fetchNextPage()}
        >
          Show more
        </Button>
      )}
    </section>
  );
}

import { Button, Skeleton } from '@mantine/core';
import type { ReactNode } from 'react';
import { HeadRow } from '../look/HeadRow.tsx';
import { Trouble } from '../look/Trouble.tsx';

interface Props {
  readonly title: string;
  readonly intro: string;
  readonly filters?: ReactNode;
  /** What makes new entries. */
  readonly actions?: ReactNode;
  /** Column heads of the table. */
  readonly columns: readonly string[];
  readonly empty: string;
  readonly list: {
    readonly items: readonly unknown[];
    readonly isPending: boolean;
    readonly isError: boolean;
    readonly error: Error | null;
    readonly hasNextPage: boolean;
    readonly isFetchingNextPage: boolean;
    fetchNextPage(): unknown;
    refetch(): unknown;
  };
  /** The table's rows. */
  readonly children: ReactNode;
}

/** A page that is a list: title, filters, table, and a button for what is older. */
export function ListFrame({ title, intro, filters, actions, columns, empty, list, children }: Props) {
  return (
    <div className="list-page">
      <h1>{title}</h1>
      <p className="soft list-intro">{intro}</p>
      {actions}
      {filters !== undefined && <div className="list-filters">{filters}</div>}
      {list.isError && list.error !== null && <Trouble error={list.error} onRetry={() => list.refetch()} />}
      {list.isPending && <Skeleton height={320} aria-label="Loading" />}
      {!list.isPending && list.items.length === 0 && !list.isError && (
        <p className="surface list-empty soft">{empty}</p>
      )}
      {list.items.length > 0 && (
        <section className="surface list-table" aria-label={title}>
          <table>
            <HeadRow columns={columns} />
            <tbody>{children}</tbody>
          </table>
        </section>
      )}
      {list.hasNextPage && (
        <Button
          className="load-older"
          variant="default"
          loading={list.isFetchingNextPage}
          onClick={() => list.fetchNextPage()}
        >
          Load older
        </Button>
      )}
    </div>
  );
}

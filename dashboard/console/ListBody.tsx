import { Button, Skeleton } from '@mantine/core';
import type { ReactNode } from 'react';
import { HeadRow } from '../look/HeadRow.tsx';
import { Trouble } from '../look/Trouble.tsx';

export interface ListBodyProps {
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

interface Props extends ListBodyProps {
  readonly title: string;
  /** What the button says that fetches the next page. */
  readonly more: string;
  /** Height of what stands there while it loads, in pixels. */
  readonly loadingHeight: number;
}

/** A list's table, with what is said while it loads, where it failed and where it is empty. */
export function ListBody({ title, columns, empty, list, more, loadingHeight, children }: Props) {
  return (
    <>
      {list.isError && list.error !== null && <Trouble error={list.error} onRetry={() => list.refetch()} />}
      {list.isPending && <Skeleton height={loadingHeight} role="status" aria-label="Loading" />}
      {!list.isPending && list.items.length === 0 && !list.isError && (
        <p className="surface list-empty soft">{empty}</p>
      )}
      {list.items.length > 0 && (
        <div className="surface list-table">
          <table aria-label={title}>
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
          {more}
        </Button>
      )}
    </>
  );
}

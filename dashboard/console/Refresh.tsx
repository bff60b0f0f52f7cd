import { Button } from '@mantine/core';
import type { useList } from './use-list.ts';

/** Asks for a list anew. */
export function Refresh({ list }: { list: Pick<ReturnType<typeof useList>, 'refetch' | 'isRefetching'> }) {
  return (
    <Button variant="default" onClick={() => list.refetch()} loading={list.isRefetching}>
      Refresh
    </Button>
  );
}

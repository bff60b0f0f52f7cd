import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { Me } from '../../api/me-shapes.ts';
import { readKept } from '../shell/kept.ts';
import { ME_KEY } from '../shell/use-me.ts';

interface Options<Change> {
  /** Changes of one scope reach the gateway one after the other: of two in haste the last has to be the last there, too. */
  readonly scope: string;
  readonly save: (change: Change) => Promise<unknown>;
  /** The person with the change made. */
  readonly changed: (me: Me, change: Change) => Me;
}

/** A change of what the person has decided. It is shown under the finger, and taken back where it could not be saved. */
export function useMeChange<Change>({ scope, save, changed }: Options<Change>) {
  const queries = useQueryClient();
  return useMutation({
    scope: { id: scope },
    mutationFn: save,
    onMutate(change: Change) {
      queries.setQueryData<Me | null>(ME_KEY, (me) => me && changed(me, change));
    },
    onError() {
      // To what the gateway said last, for it may be out of reach now.
      queries.setQueryData<Me | null>(ME_KEY, (me) => me && (readKept()?.me ?? me));
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ME_KEY, exact: true }),
  });
}

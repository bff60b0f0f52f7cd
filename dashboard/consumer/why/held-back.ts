import type { NotSent } from '../../api/my-data-shapes.ts';
import { type ReasonWord, reasonWord } from './why-words.ts';

/** Offers that were held back for the same reason. */
export interface HeldBack {
  readonly reason: ReasonWord;
  /** Newest first; at least one. */
  readonly items: readonly NotSent[];
}

/** By reason, the one that applied last first. */
export function byReason(items: readonly NotSent[]): readonly HeldBack[] {
  const groups = Map.groupBy(items, ({ reason }) => reasonWord(reason));
  return [...groups].map(([reason, held]) => ({ reason, items: held }));
}

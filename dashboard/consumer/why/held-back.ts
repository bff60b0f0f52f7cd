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
  // Not by Map.groupBy, which iOS 16 lacks, though it has push.
  const groups = new Map<ReasonWord, NotSent[]>();
  for (const item of items) {
    const reason = reasonWord(item.reason);
    const group = groups.get(reason);
    if (group === undefined) groups.set(reason, [item]);
    else group.push(item);
  }
  return [...groups].map(([reason, held]) => ({ reason, items: held }));
}

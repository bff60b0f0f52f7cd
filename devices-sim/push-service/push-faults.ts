/** What the service is to do wrong, for tests of senders. */
export type PushFault =
  | { readonly kind: 'status'; readonly status: number; readonly retryAfter?: string }
  /** Takes the request and never answers. */
  | { readonly kind: 'hang' }
  /** Closes the connection without an answer. */
  | { readonly kind: 'reset' };

/** Faults to come: each hits one POST, first come first served. */
export interface PushFaults {
  /** @param times how many POSTs it hits */
  plan(fault: PushFault, times?: number): void;
  clear(): void;
  /** The fault that hits this POST, or null. */
  next(): PushFault | null;
  /** How many POSTs are still to be hit. */
  readonly left: number;
}

export function createPushFaults(): PushFaults {
  let planned: { readonly fault: PushFault; readonly left: number }[] = [];
  return {
    plan(fault, times = 1) {
      planned.push({ fault, left: times });
    },
    clear() {
      planned = [];
    },
    next() {
      const [first, ...rest] = planned;
      if (first === undefined) return null;
      planned = first.left > 1 ? [{ fault: first.fault, left: first.left - 1 }, ...rest] : rest;
      return first.fault;
    },
    get left() {
      return planned.reduce((sum, { left }) => sum + left, 0);
    },
  };
}

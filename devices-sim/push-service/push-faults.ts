/** What the service is to do wrong, for tests of senders. */
export type PushFault =
  | {
      readonly kind: 'status';
      readonly status: number;
      /** Seconds or an HTTP date. */
      readonly retryAfter?: string;
      /** The message reaches its browser all the same, as after an answer that got lost; false where it is left out. */
      readonly isTaken?: boolean;
    }
  /** Takes the request and never answers. */
  | { readonly kind: 'hang'; readonly isTaken?: boolean }
  /** Closes the connection without an answer. */
  | { readonly kind: 'reset'; readonly isTaken?: boolean }
  /** Begins an answer and sends a byte of its head now and then, without end; over HTTP/2 it hangs. */
  | { readonly kind: 'slow-headers' }
  /** Takes the message, says so, and sends a byte of the body now and then, without end. */
  | { readonly kind: 'slow-body' }
  /** Takes the message, and answers with a body of that many bytes. */
  | { readonly kind: 'oversize'; readonly bytes: number }
  | { readonly kind: 'redirect'; readonly status: number; readonly location: string };

/** Faults to come: each hits one POST, first come first served. */
export interface PushFaults {
  /** @param times how many POSTs it hits */
  plan(fault: PushFault, times?: number): void;
  /** Once nothing else is planned: these in turn, for ever; null is a POST that is left alone. */
  repeat(faults: readonly (PushFault | null)[]): void;
  clear(): void;
  /** The fault that hits this POST, or null. */
  next(): PushFault | null;
  /** How many POSTs are still to be hit, without those that repeat. */
  readonly left: number;
}

export function createPushFaults(): PushFaults {
  let planned: { readonly fault: PushFault; readonly left: number }[] = [];
  let repeated: readonly (PushFault | null)[] = [];
  let turn = 0;
  return {
    plan(fault, times = 1) {
      planned.push({ fault, left: times });
    },
    repeat(faults) {
      repeated = faults;
      turn = 0;
    },
    clear() {
      planned = [];
      repeated = [];
    },
    next() {
      const [first, ...rest] = planned;
      if (first === undefined) return repeated[turn++ % Math.max(1, repeated.length)] ?? null;
      planned = first.left > 1 ? [{ fault: first.fault, left: first.left - 1 }, ...rest] : rest;
      return first.fault;
    },
    get left() {
      return planned.reduce((sum, { left }) => sum + left, 0);
    },
  };
}

/** Whether the message reaches its browser in spite of the fault. */
export function isTakenDespite(fault: PushFault): boolean {
  switch (fault.kind) {
    case 'slow-body':
    case 'oversize':
      return true;
    case 'status':
    case 'hang':
    case 'reset':
      return fault.isTaken ?? false;
    case 'slow-headers':
    case 'redirect':
      return false;
  }
}

const KINDS = ['ok', 'hang', 'reset', 'slow-headers', 'slow-body', 'oversize'] as const;
const OVERSIZE_BYTES = 10_000_000;

/**
 * Reads a list such as `ok,hang,429,503`: a status, a kind of fault, or `ok`.
 *
 * @returns null where a word is none of these
 */
export function parseFaults(text: string): readonly (PushFault | null)[] | null {
  const faults: (PushFault | null)[] = [];
  for (const word of text.split(',')) {
    const status = Number(word);
    const kind = KINDS.find((known) => known === word);
    if (Number.isInteger(status) && status >= 200 && status < 600) faults.push({ kind: 'status', status });
    else if (kind === undefined) return null;
    else if (kind === 'ok') faults.push(null);
    else faults.push(kind === 'oversize' ? { kind, bytes: OVERSIZE_BYTES } : { kind });
  }
  return faults;
}

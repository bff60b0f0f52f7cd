/** One thing that is wrong with a document: where, what was found, what is allowed, and the nearest name. */
export interface Problem {
  /** Dotted, e.g. `trigger.on` or `schedule.days.2`; empty for the document itself. */
  readonly path: string;
  readonly message: string;
}

/** Parse, don't validate: either the typed value, or every problem at once. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly Problem[] };

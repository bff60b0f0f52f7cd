/** What the worker tells the open pages of the app. */
export type WorkerMessage =
  /** An offer came and is shown. */
  | { readonly kind: 'offer' }
  /** "Stop everything" was pressed on a notification. */
  | { readonly kind: 'stopped' };

/** What a page tells the worker. */
export type PageMessage =
  /** The app was opened, or is online again: what was kept while offline can be told now. */
  { readonly kind: 'tell' };

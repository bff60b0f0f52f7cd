/** What a caller says of the version that there should be, from the headers If-Match and If-None-Match [RFC 9110 §13.1]. */
export interface VersionMatch {
  /** One of these versions, or `*` for any. */
  readonly ifMatch?: readonly number[] | '*' | undefined;
  /** There is nothing yet. */
  readonly ifNoneMatch?: '*' | undefined;
}

/** @param current the version that there is; null where there is none */
export function matchesVersion({ ifMatch, ifNoneMatch }: VersionMatch, current: number | null): boolean {
  if (ifNoneMatch === '*' && current !== null) return false;
  if (ifMatch === undefined) return true;
  return current !== null && (ifMatch === '*' || ifMatch.includes(current));
}

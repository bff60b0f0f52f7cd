/** The code of a device that a link brought, until the person says whether to link it; for this tab alone. */
const KEPT_AS = 'wayside-claim';
/** Longer than any code of a device. */
const MAX_CODE_CHARACTERS = 64;

/** Puts a code aside. */
export function keepClaim(code: string): void {
  if (code !== '' && code.length <= MAX_CODE_CHARACTERS) sessionStorage.setItem(KEPT_AS, code);
}

/** The code that was put aside, or null. */
export function pendingClaim(): string | null {
  return sessionStorage.getItem(KEPT_AS);
}

/** Forgets it: the person has decided. */
export function dropClaim(): void {
  sessionStorage.removeItem(KEPT_AS);
}

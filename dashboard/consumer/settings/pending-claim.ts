/**
 * The code of a device that a link brought, until the person says whether to link it. All tabs of the browser have it, for who has to
 * sign in first often does so in another one.
 */
export const KEPT_AS = 'wayside-claim';
/** Whoever has not decided by then may be somebody else. */
const KEPT_MS = 60 * 60_000;
/** As gateway/http/claim-code.ts has it. Nothing else is kept: anybody can make a link, and what it brought is shown in large type. */
const LIKE_A_CODE = /^[A-Za-z0-9]{4}-?[A-Za-z0-9]{4}$/;

interface Kept {
  readonly code: string;
  /** Real time, epoch ms. */
  readonly until: number;
}

const listeners = new Set<() => void>();

/** Puts a code aside; nothing where the text is none. */
export function keepClaim(code: string, now: number): void {
  if (!LIKE_A_CODE.test(code)) return;
  try {
    localStorage.setItem(KEPT_AS, JSON.stringify({ code, until: now + KEPT_MS } satisfies Kept));
  } catch (error) {
    // A full or forbidden store: the code can still be typed.
    if (!(error instanceof DOMException)) throw error;
  }
}

/** The code that was put aside, or null. */
export function pendingClaim(now: number): string | null {
  const text = localStorage.getItem(KEPT_AS);
  if (text === null) return null;
  try {
    const { code, until } = JSON.parse(text) as Kept;
    // A clock that was put back by far would keep it for long.
    return now < until && until < now + 2 * KEPT_MS && LIKE_A_CODE.test(code) ? code : null;
  } catch (error) {
    // Half a text, as a full disk leaves it.
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Forgets it, in all tabs: the person has decided, or leaves. */
export function dropClaim(): void {
  localStorage.removeItem(KEPT_AS);
  for (const listener of listeners) listener();
}

/** The device with this code is linked: forgets the code where it is the one that was put aside, however the person wrote it. */
export function dropClaimOf(code: string, now: number): void {
  const pending = pendingClaim(now);
  if (pending !== null && plain(pending) === plain(code)) dropClaim();
}

/** As the gateway compares codes. */
function plain(code: string): string {
  return code.toUpperCase().replaceAll(/[\s-]/g, '');
}

/** Hears that it was dropped in this tab. Returns what ends it. */
export function onClaimDropped(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/**
 * The code of a device that a link brought, until the person says whether to link it. All tabs of the browser have it, for who has to
 * sign in first often does so in another one.
 */
export const KEPT_AS = 'wayside-claim';
/** Whoever has not decided by then may be somebody else. */
const KEPT_MS = 60 * 60_000;
/** Longer than any code of a device. */
const MAX_CODE_CHARACTERS = 64;
/** As gateway/http/claim-code.ts has it, which alone goes into an e-mail. */
const LIKE_A_CODE = /^[A-Za-z0-9]{4}-?[A-Za-z0-9]{4}$/;

interface Kept {
  readonly code: string;
  /** Real time, epoch ms. */
  readonly until: number;
}

const listeners = new Set<() => void>();

/** Puts a code aside. */
export function keepClaim(code: string, now: number): void {
  if (code === '' || code.length > MAX_CODE_CHARACTERS) return;
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
    return now < until && until < now + 2 * KEPT_MS ? code : null;
  } catch (error) {
    // Half a text, as a full disk leaves it.
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** The code in a form that the gateway takes into a sign-in link; null also for what is no code, which must keep nobody out. */
export function claimForLink(now: number): string | null {
  const code = pendingClaim(now);
  return code !== null && LIKE_A_CODE.test(code) ? code : null;
}

/** Forgets it, in all tabs: the person has decided, or leaves. */
export function dropClaim(): void {
  localStorage.removeItem(KEPT_AS);
  for (const listener of listeners) listener();
}

/** Hears that it was dropped in this tab. Returns what ends it. */
export function onClaimDropped(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

import type { Me, ReceivedOffer } from '../../api/me-shapes.ts';

/** What the app saw last, so that it opens at once, and also where the gateway is out of reach. */
export interface Kept {
  readonly me: Me;
  /** The newest offers, newest first; null before they were first asked for. */
  readonly offers: readonly ReceivedOffer[] | null;
  /** When it was seen, epoch ms. */
  readonly at: number;
}

const KEPT_AS = 'wayside-seen';
/** A change of what is kept gets another number; what an older app kept is passed over. */
const FORM = 2;
const MAX_OFFERS = 30;

/** What was kept, or null. */
export function readKept(): Kept | null {
  const text = localStorage.getItem(KEPT_AS);
  if (text === null) return null;
  try {
    const { form, ...kept } = JSON.parse(text) as Kept & { readonly form: unknown };
    return form === FORM ? kept : null;
  } catch (error) {
    // Half a text, as a full disk leaves it.
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Keeps what was just seen of a person; what was kept of another is gone with it. */
export function keep(
  seen: { readonly me: Me } | { readonly offers: readonly ReceivedOffer[] },
  at: number,
): void {
  const before = readKept();
  if ('me' in seen) {
    const offers = before !== null && before.me.id === seen.me.id ? before.offers : null;
    write({ me: seen.me, offers, at });
  } else if (before !== null) {
    write({ ...before, offers: seen.offers.slice(0, MAX_OFFERS), at });
  }
}

function write(kept: Kept): void {
  try {
    localStorage.setItem(KEPT_AS, JSON.stringify({ form: FORM, ...kept }));
  } catch (error) {
    // A full or forbidden store costs the offline start, nothing else.
    if (!(error instanceof DOMException)) throw error;
  }
}

/** Forgets what was kept: on signing out, and where the session has ended. */
export function forgetKept(): void {
  localStorage.removeItem(KEPT_AS);
}

/** Hears that another tab forgot it: the session has ended there, and so here. Returns what ends it. */
export function onForgotten(listener: () => void): () => void {
  const hear = ({ key, newValue }: StorageEvent) => {
    if (key === KEPT_AS && newValue === null) listener();
  };
  addEventListener('storage', hear);
  return () => removeEventListener('storage', hear);
}

import type { Explanation as Explained } from '../../../gateway/explain/explain.ts';

/** GET /api/v1/explain, as the page reads it. */
export interface Explanation extends Explained {
  readonly consumer: string;
  readonly place: string | null;
  readonly at: number;
  readonly from: number;
  readonly to: number;
}

/** Where a moment is explained, as a link. */
export function explainAddress(consumer: string, place: string | undefined, at: number): string {
  const parameters = new URLSearchParams({ consumer, at: String(at) });
  if (place !== undefined) parameters.set('place', place);
  return `/explain?${parameters}`;
}

import { ApiProblem, request } from '../../api/request.ts';

/**
 * Tells the gateway what became of an offer in the app itself, by the person's session. What cannot be told is let go: it is a
 * count for whoever made the offer, and the next look at the offer tells it again.
 */
export async function tellOfOffer(id: string, kind: 'shown' | 'clicked'): Promise<void> {
  try {
    await request('POST', `/api/v1/me/offers/${encodeURIComponent(id)}/receipt`, { kind });
  } catch (error) {
    if (!(error instanceof ApiProblem)) throw error;
  }
}

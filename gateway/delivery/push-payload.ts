import type { RenderedOffer } from '../../rules/step.ts';

/**
 * A payload is planned below this: with headers and encryption it passes every service that browsers use, and leaves half of
 * what RFC 8291 §4 grants (MAX_PLAIN_BYTES) to spare.
 */
export const PLANNED_BYTES = 2_500;
/** A text is cut down to this many characters at most before anything else is left out. */
const LEAST_BODY_CHARACTERS = 120;
const ELLIPSIS = '…';

/**
 * What the service worker decrypts, as JSON: a declarative push message (W3C Push API, "Declarative push message"; WebKit
 * "Meet Declarative Web Push"), so that a browser which knows the form shows it also where no service worker is left.
 */
export interface PushPayload {
  /** The number by which browsers know the form. */
  readonly web_push: 8030;
  /** A service worker that is there is asked first: it shows an offer once, and tells that it was shown. */
  readonly mutable: true;
  readonly notification: {
    readonly title: string;
    readonly body: string;
    /** The offer's own page in the consumer app; required of the form, and absolute. */
    readonly navigate: string;
    /** The delivery id: a second message takes the place of the first. */
    readonly tag: string;
    readonly icon: string;
    readonly image?: string;
    readonly data: {
      /** Delivery id: shown at most once. */
      readonly id: string;
      /** For POST /api/v1/receipts; none where nobody counts, as in a trial. */
      readonly token?: string;
      /** Where the offer itself leads. */
      readonly url?: string;
      /** Real time, epoch ms, after which the offer must not be shown. */
      readonly expiresAt: number;
    };
  };
}

export interface PushPayloadParts {
  /** Names the offer: the delivery id. */
  readonly id: string;
  readonly offer: Pick<RenderedOffer, 'title' | 'body' | 'url' | 'image'>;
  /** Real time, epoch ms, for a browser knows nothing of the domain clock. */
  readonly expiresAtReal: number;
  /** Null where no receipts are wanted. */
  readonly token: string | null;
  /** Where browsers reach the consumer app, without a trailing slash. */
  readonly publicUrl: string;
}

/**
 * The payload of one offer as JSON text, below PLANNED_BYTES wherever the title leaves room: a long text is cut at the end of a
 * character as people see it, with an ellipsis; where that is not enough, first the address and then the picture are left out,
 * for the offer's page has both.
 */
export function pushPayload(parts: PushPayloadParts): string {
  const whole = jsonOf(parts, parts.offer);
  if (bytesOf(whole) < PLANNED_BYTES) return whole;
  const { title, body, url, image } = parts.offer;
  const characters = charactersOf(body);
  const shortBody =
    characters.length <= LEAST_BODY_CHARACTERS ? body : cut(characters, LEAST_BODY_CHARACTERS - 1);
  const withoutUrl = { title, body, ...(image === undefined ? {} : { image }) };
  for (const offer of [
    { ...withoutUrl, ...(url === undefined ? {} : { url }) },
    withoutUrl,
    { title, body },
  ]) {
    if (bytesOf(jsonOf(parts, { ...offer, body: shortBody })) >= PLANNED_BYTES) continue;
    return withLongestBody(parts, offer, characters);
  }
  return jsonOf(parts, { title, body: shortBody });
}

/** As much of the text as fits; that of LEAST_BODY_CHARACTERS does. */
function withLongestBody(
  parts: PushPayloadParts,
  offer: PushPayloadParts['offer'],
  characters: readonly string[],
): string {
  const whole = jsonOf(parts, offer);
  if (bytesOf(whole) < PLANNED_BYTES) return whole;
  let fits = LEAST_BODY_CHARACTERS - 1;
  let tooLong = characters.length;
  while (tooLong - fits > 1) {
    const middle = (fits + tooLong) >> 1;
    if (bytesOf(jsonOf(parts, { ...offer, body: cut(characters, middle) })) < PLANNED_BYTES) fits = middle;
    else tooLong = middle;
  }
  return jsonOf(parts, { ...offer, body: cut(characters, fits) });
}

function jsonOf({ id, expiresAtReal, token, publicUrl }: PushPayloadParts, offer: PushPayloadParts['offer']) {
  const payload: PushPayload = {
    web_push: 8030,
    mutable: true,
    notification: {
      title: offer.title,
      body: offer.body,
      navigate: `${publicUrl}/me/offers/${encodeURIComponent(id)}`,
      tag: id,
      icon: `${publicUrl}/icons/icon-192.png`,
      ...(offer.image === undefined ? {} : { image: offer.image }),
      data: {
        id,
        ...(token === null ? {} : { token }),
        ...(offer.url === undefined ? {} : { url: offer.url }),
        expiresAt: expiresAtReal,
      },
    },
  };
  return JSON.stringify(payload);
}

function bytesOf(text: string): number {
  return Buffer.byteLength(text);
}

/** Characters as people see them (UAX #29 grapheme clusters): a flag or a family of emoji is never cut in two. */
function charactersOf(text: string): readonly string[] {
  return Array.from(new Intl.Segmenter().segment(text), ({ segment }) => segment);
}

function cut(characters: readonly string[], count: number): string {
  return characters.slice(0, count).join('').trimEnd() + ELLIPSIS;
}

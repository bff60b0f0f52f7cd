import { createPublicKey, verify } from 'node:crypto';

/** RFC 8292 §2: a token may be valid for at most a day. */
const LONGEST_VALID_SECONDS = 24 * 60 * 60;
const MAX_KEPT = 1_000;
/** `vapid t=<JWT>, k=<public key>` in either order (RFC 8292 §3). */
const SCHEME = /^vapid\s+(.*)$/i;

export type VapidVerdict =
  | { readonly kind: 'valid'; readonly publicKey: string }
  | { readonly kind: 'missing' }
  | { readonly kind: 'invalid'; readonly reason: string };

/** Checks Authorization headers for real: form, signature, audience, times. */
export interface VapidCheck {
  /** @param audience origin of this push service @param now epoch ms */
  check(authorization: string | undefined, audience: string, now: number): VapidVerdict;
}

interface Claims {
  readonly aud: unknown;
  readonly exp: unknown;
  readonly sub: unknown;
}

/** Remembers tokens whose signature was good, for senders use one token for hours. */
export function createVapidCheck(): VapidCheck {
  const good = new Map<string, { readonly claims: Claims; readonly publicKey: string }>();
  return {
    check(authorization, audience, now) {
      if (authorization === undefined) return { kind: 'missing' };
      let known = good.get(authorization);
      if (known === undefined) {
        const read = readAuthorization(authorization);
        if (typeof read === 'string') return { kind: 'invalid', reason: read };
        known = read;
        if (good.size >= MAX_KEPT) good.clear();
        good.set(authorization, known);
      }
      const problem = problemOf(known.claims, audience, now);
      return problem === null
        ? { kind: 'valid', publicKey: known.publicKey }
        : { kind: 'invalid', reason: problem };
    },
  };
}

function problemOf({ aud, exp, sub }: Claims, audience: string, now: number): string | null {
  if (aud !== audience) return 'aud is not the origin of this push service';
  if (typeof exp !== 'number') return 'exp is missing';
  if (exp * 1000 <= now) return 'the token has expired';
  if (exp - now / 1000 > LONGEST_VALID_SECONDS) return 'exp is more than 24 h ahead';
  if (sub !== undefined && !(typeof sub === 'string' && /^(mailto:|https:\/\/)/.test(sub))) {
    return 'sub is neither mailto: nor https:';
  }
  return null;
}

/** @returns what a well-signed header says, or what is wrong with it */
function readAuthorization(header: string): { readonly claims: Claims; readonly publicKey: string } | string {
  const parameters = new Map(
    (SCHEME.exec(header)?.[1] ?? '').split(',').map((part): [string, string] => {
      const [name, ...value] = part.trim().split('=');
      return [name ?? '', value.join('=')];
    }),
  );
  const token = parameters.get('t');
  const publicKey = parameters.get('k');
  if (token === undefined || publicKey === undefined) return 'the form is not "vapid t=…, k=…"';
  const [head, body, signature, ...rest] = token.split('.');
  if (head === undefined || body === undefined || signature === undefined || rest.length > 0)
    return 't is no JWT';
  const point = Buffer.from(publicKey, 'base64url');
  if (point.byteLength !== 65 || point[0] !== 4) return 'k is no uncompressed point on P-256';
  try {
    const { alg } = JSON.parse(Buffer.from(head, 'base64url').toString());
    if (alg !== 'ES256') return 'alg is not ES256';
    const key = createPublicKey({
      format: 'jwk',
      key: {
        kty: 'EC',
        crv: 'P-256',
        x: point.subarray(1, 33).toString('base64url'),
        y: point.subarray(33).toString('base64url'),
      },
    });
    const signed = Buffer.from(`${head}.${body}`);
    const genuine = verify(
      'sha256',
      signed,
      { key, dsaEncoding: 'ieee-p1363' },
      Buffer.from(signature, 'base64url'),
    );
    if (!genuine) return 'the signature does not match k';
    return { claims: JSON.parse(Buffer.from(body, 'base64url').toString()), publicKey };
  } catch {
    return 't or k cannot be read'; // no JSON, or no point of the curve: told to the sender
  }
}

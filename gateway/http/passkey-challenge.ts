import { createHmac, hash, randomBytes, timingSafeEqual } from 'node:crypto';

/** What a challenge is for. A registration is its consumer's alone, and names the handle under which authenticators know them. */
export type ChallengePurpose =
  | { readonly kind: 'registration'; readonly consumer: string }
  | { readonly kind: 'sign-in' };

export interface ReadChallenge {
  /** base64url; random for a sign-in, where nobody needs it. */
  readonly userHandle: string;
  /** Real time, epoch ms. */
  readonly expiresAt: number;
  /** Under which it is kept once it was answered. */
  readonly hash: string;
}

const TIME_BYTES = 8;
const HANDLE_BYTES = 32;
const NONCE_BYTES = 16;
const BODY_BYTES = TIME_BYTES + HANDLE_BYTES + NONCE_BYTES;
const MAC_BYTES = 32;

/** A handle that tells nothing of whom it names (WebAuthn §14.6.1). base64url. */
export function newUserHandle(): string {
  return randomBytes(HANDLE_BYTES).toString('base64url');
}

/**
 * A challenge that need not be kept until it is answered, for anybody may ask for one: it holds its end and what it is for under a
 * MAC. The 16 random bytes in it are what WebAuthn §13.4.3 asks for.
 *
 * @param userHandle base64url, 32 bytes
 * @param expiresAt real time, epoch ms
 */
export function makeChallenge(
  key: Uint8Array,
  purpose: ChallengePurpose,
  userHandle: string,
  expiresAt: number,
): Uint8Array<ArrayBuffer> {
  const time = Buffer.alloc(TIME_BYTES);
  time.writeBigUInt64BE(BigInt(expiresAt));
  const handle = Buffer.alloc(HANDLE_BYTES);
  handle.set(Buffer.from(userHandle, 'base64url').subarray(0, HANDLE_BYTES));
  const body = Buffer.concat([time, handle, randomBytes(NONCE_BYTES)]);
  return new Uint8Array(Buffer.concat([body, macOf(key, purpose, body)]));
}

/**
 * Reads a challenge that came back; null where it was not made here, or for something else, or is over.
 *
 * @param challenge base64url
 * @param now real time, epoch ms
 */
export function readChallenge(
  key: Uint8Array,
  purpose: ChallengePurpose,
  challenge: string,
  now: number,
): ReadChallenge | null {
  const bytes = Buffer.from(challenge, 'base64url');
  if (bytes.length !== BODY_BYTES + MAC_BYTES) return null;
  const body = bytes.subarray(0, BODY_BYTES);
  if (!timingSafeEqual(bytes.subarray(BODY_BYTES), macOf(key, purpose, body))) return null;
  const expiresAt = Number(body.readBigUInt64BE(0));
  if (expiresAt <= now) return null;
  const userHandle = body.subarray(TIME_BYTES, TIME_BYTES + HANDLE_BYTES).toString('base64url');
  return { userHandle, expiresAt, hash: hash('sha256', bytes, 'base64url') };
}

function macOf(key: Uint8Array, purpose: ChallengePurpose, body: Uint8Array): Buffer {
  const about = purpose.kind === 'registration' ? `registration\0${purpose.consumer}` : 'sign-in';
  return createHmac('sha256', key).update('passkey\0').update(about).update('\0').update(body).digest();
}

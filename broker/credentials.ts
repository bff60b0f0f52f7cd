import {
  type BinaryLike,
  createHash,
  randomBytes,
  type ScryptOptions,
  scrypt,
  timingSafeEqual,
} from 'node:crypto';

/** 256 bits: nobody guesses it, so that a fast hash is enough to keep it by. */
const TOKEN_BYTES = 32;
const SALT_BYTES = 16;
const SCRYPT = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 * 1024 } as const;
const SCRYPT_KEY_BYTES = 32;

/** A new random token for a device or a service, 43 characters of base64url. */
export function newToken(): string {
  return randomBytes(TOKEN_BYTES).toString('base64url');
}

/**
 * What to keep of a token: `sha256$salt$hash`. Salted SHA-256 suits random tokens of 256 bits; a slow hash would protect
 * nothing more, and let a fleet that reconnects at once stall the broker.
 */
export function hashToken(token: string): string {
  const salt = randomBytes(SALT_BYTES);
  return `sha256$${salt.toString('base64url')}$${digest(salt, token).toString('base64url')}`;
}

/** Whether a token is the one of which `hash` was kept, in constant time; false for a hash of another form. */
export function verifyToken(token: string, hash: string): boolean {
  const [scheme, salt, expected, ...rest] = hash.split('$');
  if (scheme !== 'sha256' || salt === undefined || expected === undefined || rest.length > 0) return false;
  return sameBytes(digest(Buffer.from(salt, 'base64url'), token), Buffer.from(expected, 'base64url'));
}

/** What to keep of a password that a person chose: `scrypt$N$r$p$salt$hash` (RFC 7914), off the calling thread. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const key = await derive(password, salt, SCRYPT);
  return ['scrypt', SCRYPT.N, SCRYPT.r, SCRYPT.p, salt.toString('base64url'), key.toString('base64url')].join(
    '$',
  );
}

/** Whether a password is the one of which `hash` was kept; false for a hash of another form. */
export async function verifyPassword(password: string, hash: string): Promise<boolean> {
  const [scheme, n, r, p, salt, expected, ...rest] = hash.split('$');
  if (scheme !== 'scrypt' || salt === undefined || expected === undefined || rest.length > 0) return false;
  const options = { N: Number(n), r: Number(r), p: Number(p), maxmem: SCRYPT.maxmem };
  if (![options.N, options.r, options.p].every((cost) => Number.isSafeInteger(cost) && cost > 0))
    return false;
  return sameBytes(
    await derive(password, Buffer.from(salt, 'base64url'), options),
    Buffer.from(expected, 'base64url'),
  );
}

function digest(salt: Uint8Array, token: string): Buffer {
  return createHash('sha256').update(salt).update(token, 'utf8').digest();
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

function derive(password: BinaryLike, salt: BinaryLike, options: ScryptOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, SCRYPT_KEY_BYTES, options, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}

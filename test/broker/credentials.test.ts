import { describe, expect, it } from 'vitest';
import { hashPassword, hashToken, newToken, verifyPassword, verifyToken } from '../../broker/credentials.ts';

describe('tokens', () => {
  it('are long, different, and fit a header and a URL', () => {
    const tokens = new Set(Array.from({ length: 100 }, newToken));
    expect(tokens.size).toBe(100);
    for (const token of tokens) expect(token).toMatch(/^[A-Za-z0-9_-]{43}$/);
  });

  it('are known by their hash, which has a salt and not the token', () => {
    const token = newToken();
    const hash = hashToken(token);
    expect(hash).not.toContain(token);
    expect(hashToken(token)).not.toBe(hash);
    expect(verifyToken(token, hash)).toBe(true);
    expect(verifyToken(`${token}x`, hash)).toBe(false);
    expect(verifyToken('', hash)).toBe(false);
  });

  it.each(['', 'x', 'sha256$$', 'sha256$a$', 'md5$a$b', 'sha256$a$b$c', 'scrypt$1$1$1$a$b'])(
    'are refused by the hash %j',
    (hash) => {
      expect(verifyToken('', hash)).toBe(false);
    },
  );
});

describe('passwords', () => {
  it('are known by their hash', async () => {
    const hash = await hashPassword('correct horse');
    expect(hash).toMatch(/^scrypt\$32768\$8\$1\$/);
    expect(await verifyPassword('correct horse', hash)).toBe(true);
    expect(await verifyPassword('battery staple', hash)).toBe(false);
  });

  it.each(['', 'scrypt$a$b$c$d$e', 'scrypt$0$8$1$a$b', 'sha256$a$b'])(
    'are refused by the hash %j',
    async (hash) => {
      expect(await verifyPassword('x', hash)).toBe(false);
    },
  );
});

import { createHmac, randomInt } from 'node:crypto';

/** Without what people take for one another: 0 O, 1 I L, U V. */
const LETTERS = 'ABCDEFGHJKMNPQRSTWXYZ23456789';
/** 29⁸ = 5·10¹¹: with the wait after wrong codes, and codes that end, nobody guesses one. */
const LENGTH = 8;
const GROUP = 4;

/** A code that a person can read off a label and type: `K7QP-29FX`. */
export function newClaimCode(): string {
  const letters = Array.from({ length: LENGTH }, () => LETTERS[randomInt(LETTERS.length)] ?? '');
  return `${letters.slice(0, GROUP).join('')}-${letters.slice(GROUP).join('')}`;
}

/** What people may make of a code that they type or a link holds: no more than a code fits, so that nothing else gets into an e-mail. */
export const CLAIM_CODE_PATTERN = '^[A-Za-z0-9]{4}-?[A-Za-z0-9]{4}$';

/**
 * What is kept of a code, and what it is found by: case, blanks and dashes don't count. The key keeps a stolen database from
 * being searched for codes; and as the hash is compared, not the code, how long that takes tells nothing of the code.
 */
export function claimCodeHash(code: string, key: Uint8Array): string {
  const plain = code.toUpperCase().replaceAll(/[\s-]/g, '');
  return createHmac('sha256', key).update('claim code\0').update(plain).digest('base64url');
}

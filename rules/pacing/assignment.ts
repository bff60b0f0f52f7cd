/**
 * MurmurHash3 x86 32-bit (Austin Appleby, public domain: https://github.com/aappleby/smhasher/wiki/MurmurHash3) of the UTF-16LE
 * bytes of a text.
 *
 * @returns a whole number from 0 to 2³² − 1
 */
export function murmurHash3(text: string, seed: number): number {
  const units = text.length;
  let hash = seed;
  for (let index = 0; index + 1 < units; index += 2) {
    hash ^= scrambled(text.charCodeAt(index) | (text.charCodeAt(index + 1) << 16));
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  if (units % 2 === 1) hash ^= scrambled(text.charCodeAt(units - 1));
  hash ^= units * 2;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function scrambled(block: number): number {
  const mixed = Math.imul(block, 0xcc9e2d51);
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
}

/** Seeds are part of the promise that nobody changes sides: with others, everybody would be dealt anew. */
const HOLDOUT_SEED = 1;
const VARIANT_SEED = 2;

/** A number in (0, 1) that is this consumer's for this rule, for ever. Neither id can hold a line break. */
function shareOf(consumerId: string, ruleId: string, seed: number, about = ''): number {
  return (murmurHash3(`${ruleId}\n${consumerId}\n${about}`, seed) + 0.5) / 2 ** 32;
}

/**
 * Whether a consumer is held out of a rule, to measure what the rule brings. Who is held out at 10 % is so at 20 % too.
 *
 * @param holdout share of people, 0 to 1
 */
export function isHeldOut(consumerId: string, ruleId: string, holdout: number): boolean {
  return holdout > 0 && shareOf(consumerId, ruleId, HOLDOUT_SEED) < holdout;
}

/**
 * The variant of a rule that a consumer gets, always the same: weighted rendezvous hashing (Schindelhauer and Schomaker 2005,
 * "Weighted distributed hash tables"). Their order does not matter; a new variant takes people from the others and moves nobody
 * between them; a changed weight moves no more than it must.
 *
 * @returns null where there are none
 */
export function variantFor<T extends { readonly name: string; readonly weight: number }>(
  consumerId: string,
  ruleId: string,
  variants: readonly T[],
): T | null {
  let best: T | null = null;
  let highest = -Infinity;
  for (const variant of variants) {
    const score = -variant.weight / Math.log(shareOf(consumerId, ruleId, VARIANT_SEED, variant.name));
    // Equal scores are as good as impossible; then the names decide, and not the order.
    if (score < highest || (score === highest && best !== null && variant.name > best.name)) continue;
    best = variant;
    highest = score;
  }
  return best;
}

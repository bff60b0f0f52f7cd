import type { VapidKeyRing } from './vapid-keys.ts';
import { createVapidTokens, type VapidTokens } from './vapid-tokens.ts';

/** Signs for each subscription with the pair that it was made with. */
export interface VapidSigners {
  /** @returns value of the Authorization header, or null where that pair is not kept any more */
  authorizationFor(origin: string, publicKey: string): string | null;
  /** From now on these pairs, and no others. */
  use(keys: VapidKeyRing): void;
}

export function createVapidSigners(keys: VapidKeyRing, subject: string, realNow: () => number): VapidSigners {
  let byKey = new Map<string, VapidTokens>();
  const signers: VapidSigners = {
    authorizationFor: (origin, publicKey) => byKey.get(publicKey)?.authorizationFor(origin) ?? null,
    use({ current, previous }) {
      const kept = byKey;
      byKey = new Map(
        [current, ...previous].map((pair) => [
          pair.publicKey,
          kept.get(pair.publicKey) ?? createVapidTokens(pair, subject, realNow),
        ]),
      );
    },
  };
  signers.use(keys);
  return signers;
}

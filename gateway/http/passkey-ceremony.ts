import { Type } from '@fastify/type-provider-typebox';
import { WaysideError } from '../errors.ts';
import type { HttpDependencies } from './dependencies.ts';
import { type ChallengePurpose, type ReadChallenge, readChallenge } from './passkey-challenge.ts';

/** How long a browser has to answer a challenge. */
export const CHALLENGE_MS = 5 * 60_000;
/** base64url: credential ids have at most 1,023 bytes (WebAuthn §4). */
export const LONGEST_ID = 1_364;

export const CredentialId = Type.String({ pattern: '^[A-Za-z0-9_-]+$', minLength: 1, maxLength: LONGEST_ID });
/** What the browser is given, and what it gives back: WebAuthn's own JSON (§5.1.8, §5.1.9). */
export const Options = Type.Unsafe<object>({ type: 'object', additionalProperties: true });
export const Credential = Type.Object(
  { id: CredentialId, response: Type.Record(Type.String({ maxLength: 100 }), Type.Unknown()) },
  { additionalProperties: true, description: 'What `navigator.credentials` gave, as JSON' },
);

/** Checks the challenge of one answer for the library, and gives what it held once that was done. */
export function challengeReader(
  { receiptKey, realNow }: Pick<HttpDependencies, 'receiptKey' | 'realNow'>,
  purpose: ChallengePurpose,
) {
  let found: ReadChallenge | null = null;
  return {
    check(challenge: string): boolean {
      found = readChallenge(receiptKey, purpose, challenge, realNow());
      return found !== null;
    },
    /** @throws WaysideError `bad_passkey` */
    read(): ReadChallenge {
      if (found === null) throw new WaysideError('bad_passkey', 'the challenge is unknown or over');
      return found;
    },
  };
}

/**
 * What the library says of an answer. It throws on whatever is not as it should be: all of it is about what was sent.
 *
 * @throws WaysideError `bad_passkey`
 */
export async function verifying<T>(verify: () => Promise<T>): Promise<T> {
  try {
    return await verify();
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message.slice(0, 200) : 'it cannot be read';
    throw new WaysideError('bad_passkey', detail, { cause });
  }
}

import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { encode } from 'cborg';

const USER_PRESENT = 0x01;
const USER_VERIFIED = 0x04;
const HAS_CREDENTIAL = 0x40;

/** An authenticator in software (WebAuthn §6), with one credential. What it signs can be bent by the options. */
export interface TestAuthenticator {
  readonly id: string;
  counter: number;
  /** Answers `POST …/passkeys/options`. */
  create(options: CreationOptions, bent?: Bent): object;
  /** Answers `POST …/passkey-session/options`. */
  get(options: { readonly challenge: string; readonly rpId: string }, bent?: Bent): object;
}

interface CreationOptions {
  readonly challenge: string;
  readonly rp: { readonly id: string };
  readonly user: { readonly id: string };
}

interface Bent {
  readonly origin?: string;
  readonly rpId?: string;
  readonly challenge?: string;
  readonly type?: string;
  readonly userHandle?: string;
  readonly counter?: number;
}

const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest();
const base64url = (data: string | Uint8Array) => Buffer.from(data).toString('base64url');

/** @param origin of the page that asks */
export function createAuthenticator(origin: string): TestAuthenticator {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const credentialId = randomBytes(32);
  let handle = '';

  function clientData(type: string, challenge: string, bent: Bent): Buffer {
    return Buffer.from(
      JSON.stringify({
        type: bent.type ?? type,
        challenge: bent.challenge ?? challenge,
        origin: bent.origin ?? origin,
        crossOrigin: false,
      }),
    );
  }

  function authenticatorData(rpId: string, flags: number, counter: number, rest = Buffer.alloc(0)): Buffer {
    const count = Buffer.alloc(4);
    count.writeUInt32BE(counter);
    return Buffer.concat([sha256(rpId), Buffer.from([flags]), count, rest]);
  }

  const authenticator: TestAuthenticator = {
    id: base64url(credentialId),
    counter: 0,
    create(options, bent = {}) {
      handle = options.user.id;
      const length = Buffer.alloc(2);
      length.writeUInt16BE(credentialId.length);
      const attested = Buffer.concat([Buffer.alloc(16), length, credentialId, coseKey(keys.publicKey)]);
      const flags = USER_PRESENT | USER_VERIFIED | HAS_CREDENTIAL;
      const authData = authenticatorData(
        bent.rpId ?? options.rp.id,
        flags,
        bent.counter ?? authenticator.counter,
        attested,
      );
      return {
        id: authenticator.id,
        rawId: authenticator.id,
        type: 'public-key',
        clientExtensionResults: {},
        response: {
          clientDataJSON: base64url(clientData('webauthn.create', options.challenge, bent)),
          attestationObject: base64url(encode({ fmt: 'none', attStmt: {}, authData })),
          transports: ['internal', 'made-up'],
        },
      };
    },
    get(options, bent = {}) {
      const data = clientData('webauthn.get', options.challenge, bent);
      const authData = authenticatorData(
        bent.rpId ?? options.rpId,
        USER_PRESENT | USER_VERIFIED,
        bent.counter ?? authenticator.counter,
      );
      return {
        id: authenticator.id,
        rawId: authenticator.id,
        type: 'public-key',
        clientExtensionResults: {},
        response: {
          clientDataJSON: base64url(data),
          authenticatorData: base64url(authData),
          signature: base64url(sign('sha256', Buffer.concat([authData, sha256(data)]), keys.privateKey)),
          userHandle: bent.userHandle ?? handle,
        },
      };
    },
  };
  return authenticator;
}

/** RFC 9053 §7.1: EC2, ES256, P-256. */
function coseKey(key: KeyObject): Buffer {
  const { x = '', y = '' } = key.export({ format: 'jwk' });
  return Buffer.from(
    encode(
      new Map<number, number | Uint8Array>([
        [1, 2],
        [3, -7],
        [-1, 1],
        [-2, Buffer.from(x, 'base64url')],
        [-3, Buffer.from(y, 'base64url')],
      ]),
    ),
  );
}

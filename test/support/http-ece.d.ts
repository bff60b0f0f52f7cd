declare module 'http_ece' {
  import type { ECDH } from 'node:crypto';

  /** The part of it that the tests use. */
  export function decrypt(
    body: Buffer,
    options: {
      readonly version: 'aes128gcm';
      readonly privateKey: ECDH;
      /** base64url */
      readonly authSecret: string;
    },
  ): Buffer;
}

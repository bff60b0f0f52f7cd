import { isIP } from 'node:net';
import { bareHost } from '../bare-host.ts';
import { WaysideError } from '../errors.ts';

/** Whom passkeys are made for: browsers hold them to the host, and sign the origin (WebAuthn §5.1.3). */
export interface PasskeySite {
  readonly rpId: string;
  readonly origin: string;
}

/** The site of a public URL, or null where browsers make no passkeys: they want https (or this machine), and a name. */
export function passkeySite(publicUrl: string): PasskeySite | null {
  const { protocol, hostname, origin } = new URL(publicUrl);
  const isName = isIP(bareHost(hostname)) === 0;
  const isSecure = protocol === 'https:' || hostname === 'localhost' || hostname.endsWith('.localhost');
  return isName && isSecure ? { rpId: hostname, origin } : null;
}

/** @throws WaysideError `no_passkeys` */
export function requirePasskeySite(publicUrl: string): PasskeySite {
  const site = passkeySite(publicUrl);
  if (site === null) throw new WaysideError('no_passkeys', 'the public address has no https, or is no name');
  return site;
}

import type { TlsSettings } from '../broker/tls-listener.ts';
import type { Problem } from './errors.ts';

interface Given {
  readonly port: number | null;
  readonly cert: string | null;
  readonly key: string | null;
  readonly ca: string | null;
}

/** MQTT over TLS needs a port, a certificate and its key: all of them or none. What is missing goes into `problems`. */
export function tlsSettingsOf({ port, cert, key, ca }: Given, problems: Problem[]): TlsSettings | null {
  const needed = { WAYSIDE_MQTTS_PORT: port, WAYSIDE_TLS_CERT: cert, WAYSIDE_TLS_KEY: key };
  const all = { ...needed, WAYSIDE_TLS_CA: ca };
  const given = Object.entries(all).flatMap(([name, value]) => (value === null ? [] : [name]));
  if (given.length === 0) return null;
  for (const [path, value] of Object.entries(needed)) {
    if (value === null) problems.push({ path, message: `is missing, and needed with ${given.join(', ')}` });
  }
  return port === null || cert === null || key === null
    ? null
    : { port, certFile: cert, keyFile: key, caFile: ca };
}

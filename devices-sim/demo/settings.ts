import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import path from 'node:path';

/** A mistake in how the demo was started; the message says what to do, so it is shown without a stack. */
export class DemoError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'DemoError';
  }
}

export interface DemoSettings {
  readonly host: string;
  readonly httpPort: number;
  readonly mqttPort: number;
  /** Of the demo alone: emptied at every start. */
  readonly dataDir: string;
  /** As it is set, so that scripts know it; else a new one at each start. */
  readonly adminToken: string;
  readonly people: number;
  readonly seed: number;
}

/** Reads the gateway's own settings as far as the demo must know them; the gateway checks all the others. */
export function readDemoSettings(env: Readonly<Record<string, string | undefined>>): DemoSettings {
  return {
    host: env.WAYSIDE_HOST || '127.0.0.1',
    httpPort: port(env, 'WAYSIDE_HTTP_PORT', 8080),
    mqttPort: port(env, 'WAYSIDE_MQTT_PORT', 1883),
    dataDir: path.resolve(env.WAYSIDE_DATA_DIR || 'data', 'demo'),
    adminToken: env.WAYSIDE_ADMIN_TOKEN || randomBytes(24).toString('base64url'),
    people: 90,
    seed: 1,
  };
}

/** Throws a DemoError that names the setting if a port is taken, before anything is started. */
export async function requireFreePorts({ host, httpPort, mqttPort }: DemoSettings): Promise<void> {
  for (const [setting, wanted] of [
    ['WAYSIDE_HTTP_PORT', httpPort],
    ['WAYSIDE_MQTT_PORT', mqttPort],
  ] as const) {
    const trouble = await listenTrouble(host, wanted);
    if (trouble === null) continue;
    throw new DemoError(
      trouble === 'EADDRINUSE'
        ? `Port ${wanted} is taken. Stop what uses it (another demo?), or choose another port: ${setting}=${wanted + 1} npm run demo`
        : `Cannot listen on ${host}:${wanted} (${trouble}). Choose others with WAYSIDE_HOST and ${setting}.`,
    );
  }
}

function port(env: Readonly<Record<string, string | undefined>>, name: string, fallback: number): number {
  const text = env[name];
  if (text === undefined || text === '') return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65_535)
    throw new DemoError(`${name} is "${text}", and must be a port: 0 to 65535.`);
  return value;
}

/** The error code of trying to listen there, or null if that works. */
function listenTrouble(host: string, wanted: number): Promise<string | null> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    probe.listen(wanted, host, () => probe.close(() => resolve(null)));
  });
}

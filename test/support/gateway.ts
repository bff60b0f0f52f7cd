import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from './free-port.ts';

const ROOT = new URL('../../', import.meta.url);
/** What `npm start` gives to Node: options, and the gateway as the last. */
const START: readonly string[] = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8'))
  .scripts.start.split(/^.*&& node /)[1]
  .split(' ')
  .map((word: string) => (word.startsWith('-') ? word : new URL(word, ROOT).pathname));
/** The options alone. */
export const NODE_OPTIONS = START.slice(0, -1);
const READY_WITHIN_MS = 60_000;

/** For the `env` of a gateway that is to come back on its ports after it was killed. */
export async function lastingPorts(): Promise<Readonly<Record<string, string>>> {
  return { WAYSIDE_HTTP_PORT: String(await freePort()), WAYSIDE_MQTT_PORT: String(await freePort()) };
}

export interface ApiAnswer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape, and fail where it is not as expected
  readonly body: any;
}

/** A real gateway process on free ports, with a data directory of its own. */
export interface GatewayProcess {
  readonly httpUrl: string;
  readonly mqttUrl: string;
  readonly httpPort: number;
  readonly mqttPort: number;
  readonly pid: number;
  readonly dataDir: string;
  readonly adminToken: string;
  readonly logLines: readonly string[];
  /** Calls the HTTP API as admin. A string body is sent as it is, with `contentType`. */
  api(method: string, path: string, body?: unknown, contentType?: string): Promise<ApiAnswer>;
  /**
   * Calls the API where nothing may go wrong, and gives the body.
   * @throws with the answer, where it is no 2xx
   */
  must(method: string, path: string, body?: unknown): Promise<ApiAnswer['body']>;
  /** Sends a signal to the gateway and waits until it is gone; the data directory stays. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Stops it if it runs, and removes the data directory unless it was given. */
  stop(): Promise<void>;
}

/**
 * Starts the gateway as `npm start` does, and waits for its ready line.
 *
 * @param options.env further settings; ports are free ones unless given
 * @param options.within what to put before its command; it has to become the gateway by exec
 * @param options.dataDir to start on the data of an earlier process; else a new temporary one
 * @throws with the log when it does not get ready within a minute
 */
export async function startGateway(
  options: {
    readonly env?: Readonly<Record<string, string>>;
    readonly dataDir?: string;
    readonly within?: readonly string[];
  } = {},
): Promise<GatewayProcess> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'wayside-')));
  const adminToken = 'test-admin-token-0123456789abcdef';
  const inherited = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('WAYSIDE_')),
  );
  const [command = '', ...rest] = [...(options.within ?? []), process.execPath, ...START];
  const child = spawn(command, rest, {
    cwd: dataDir,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...inherited,
      WAYSIDE_DATA_DIR: dataDir,
      WAYSIDE_HTTP_PORT: '0',
      WAYSIDE_MQTT_PORT: '0',
      WAYSIDE_ADMIN_TOKEN: adminToken,
      ...options.env,
    },
  });
  const logLines: string[] = [];
  const ready = await readyLine(child, logLines);
  const httpUrl = `http://127.0.0.1:${ready.httpPort}`;
  const gone = async () => {
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  };
  const api: GatewayProcess['api'] = async (method, path, body, contentType = 'application/json') => {
    const answer = await fetch(`${httpUrl}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${options.env?.WAYSIDE_ADMIN_TOKEN ?? adminToken}`,
        ...(body === undefined ? {} : { 'content-type': contentType }),
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    const isJson = answer.headers.get('content-type')?.includes('json') ?? false;
    return { status: answer.status, body: isJson && text !== '' ? JSON.parse(text) : text };
  };
  return {
    httpUrl,
    mqttUrl: `mqtt://127.0.0.1:${ready.mqttPort}`,
    httpPort: ready.httpPort,
    mqttPort: ready.mqttPort,
    pid: ready.pid,
    dataDir,
    adminToken,
    logLines,
    api,
    async must(method, path, body) {
      const answer = await api(method, path, body);
      if (answer.status >= 300)
        throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
      return answer.body;
    },
    async kill(signal) {
      child.kill(signal);
      await gone();
    },
    async stop() {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 15_000);
      await gone();
      clearTimeout(timer);
      if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function readyLine(
  child: ChildProcess,
  logLines: string[],
): Promise<{ pid: number; httpPort: number; mqttPort: number }> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) =>
      reject(new Error(`the gateway did not get ready: ${why}\n${logLines.join('\n')}`));
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      fail(`no ready line within ${READY_WITHIN_MS} ms`);
    }, READY_WITHIN_MS);
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      fail(`it left with ${code ?? signal}`);
    });
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on('line', (line) => {
        if (logLines.length < 10_000) logLines.push(line);
        if (!line.includes('"msg":"ready"')) return;
        clearTimeout(timer);
        resolve(JSON.parse(line) as { pid: number; httpPort: number; mqttPort: number });
      });
    }
  });
}

/**
 * Waits until `look` gives something other than undefined, asking every 50 ms.
 *
 * @throws naming `what` when `withinMs` has passed
 */
export async function eventually<T>(
  what: string,
  withinMs: number,
  look: () => Promise<T | undefined>,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

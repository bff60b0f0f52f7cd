import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { freePort } from './free-port.ts';

const BINARY = '/usr/sbin/mosquitto';
const PASSWORD_TOOL = '/usr/bin/mosquitto_passwd';
const START_DEADLINE_MS = 10_000;

/** Why tests against a real Mosquitto can't run here, or null. */
export const mosquittoMissing = fs.existsSync(BINARY) ? null : `${BINARY} is not installed: npm run services`;

export interface Mosquitto {
  readonly url: string;
  /** Starts it, again after `stop`, with what it had kept on the same port; resolves when it listens. */
  start(): Promise<void>;
  /** SIGTERM lets it write its persistence file. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Stops it and removes its folder. */
  remove(): Promise<void>;
}

export interface MosquittoOptions {
  readonly tls?: { readonly key: string; readonly cert: string };
  readonly user?: { readonly name: string; readonly password: string };
}

/**
 * A real Mosquitto of its own on a free loopback port, with persistence in its own folder.
 *
 * @param options.tls PEM of a key and a certificate: it speaks TLS alone
 * @param options.user who alone may come in; without it everybody may
 */
export async function createMosquitto(options: MosquittoOptions = {}): Promise<Mosquitto> {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'wayside-mosquitto-'));
  const port = await freePort();
  const config = path.join(directory, 'mosquitto.conf');
  fs.writeFileSync(
    config,
    [
      // As root it would give up its rights, and with them its folder.
      'user root',
      `listener ${port} 127.0.0.1`,
      'persistence true',
      `persistence_location ${directory}/`,
      'max_queued_messages 0',
      'log_type error',
      ...tlsLines(directory, options),
      ...userLines(directory, options),
      '',
    ].join('\n'),
  );
  let child: ChildProcess | null = null;

  async function stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const running = child;
    child = null;
    if (running === null || running.exitCode !== null || running.signalCode !== null) return;
    const exited = once(running, 'exit');
    running.kill(signal);
    await exited;
  }

  return {
    url: `${options.tls === undefined ? 'mqtt' : 'mqtts'}://127.0.0.1:${port}`,
    async start() {
      const started = spawn(BINARY, ['-c', config], { stdio: 'ignore' });
      child = started;
      const deadline = performance.now() + START_DEADLINE_MS;
      while (!(await listens(port))) {
        if (started.exitCode !== null) throw new Error(`mosquitto left with code ${started.exitCode}`);
        if (performance.now() > deadline)
          throw new Error(`mosquitto did not listen within ${START_DEADLINE_MS} ms`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    stop,
    async remove() {
      await stop();
      fs.rmSync(directory, { recursive: true, force: true });
    },
  };
}

function tlsLines(directory: string, { tls }: MosquittoOptions): readonly string[] {
  if (tls === undefined) return [];
  const [key, cert] = [path.join(directory, 'key.pem'), path.join(directory, 'cert.pem')];
  fs.writeFileSync(key, tls.key);
  fs.writeFileSync(cert, tls.cert);
  return [`keyfile ${key}`, `certfile ${cert}`];
}

function userLines(directory: string, { user }: MosquittoOptions): readonly string[] {
  if (user === undefined) return ['allow_anonymous true'];
  const file = path.join(directory, 'passwords');
  execFileSync(PASSWORD_TOOL, ['-b', '-c', file, user.name, user.password]);
  return ['allow_anonymous false', `password_file ${file}`];
}

async function listens(port: number): Promise<boolean> {
  const socket = net.connect(port, '127.0.0.1');
  const outcome = await once(socket, 'connect').then(
    () => true,
    () => false,
  );
  socket.destroy();
  return outcome;
}

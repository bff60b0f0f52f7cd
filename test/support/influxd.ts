import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { freePort } from './free-port.ts';

const BINARY = '/usr/bin/influxd';
const START_DEADLINE_MS = 20_000;

/** Why tests against a real InfluxDB can't run here, or null. */
export const influxdMissing = fs.existsSync(BINARY) ? null : `${BINARY} is not installed: npm run services`;

export interface Influxd {
  readonly url: string;
  /** Starts it, again after `stop`, with the same data on the same port; resolves when it answers. */
  start(): Promise<void>;
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Stops it and removes its folder. */
  remove(): Promise<void>;
}

/** A real InfluxDB of its own, on free loopback ports, with its own folder; with `auth` it wants a user. */
export async function createInfluxd(options: { readonly auth?: boolean } = {}): Promise<Influxd> {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'wayside-influxd-'));
  const [httpPort, rpcPort] = [await freePort(), await freePort()];
  const config = path.join(directory, 'influxdb.conf');
  fs.writeFileSync(config, configText(directory, httpPort, rpcPort, options.auth ?? false));
  const url = `http://127.0.0.1:${httpPort}`;
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
    url,
    async start() {
      const started = spawn(BINARY, ['-config', config], { stdio: 'ignore' });
      child = started;
      const deadline = Date.now() + START_DEADLINE_MS;
      while (!(await answers(`${url}/ping`))) {
        if (started.exitCode !== null) throw new Error(`influxd left with code ${started.exitCode}`);
        if (Date.now() > deadline) throw new Error(`influxd did not answer within ${START_DEADLINE_MS} ms`);
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

async function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    (response) => response.ok,
    () => false,
  );
}

function configText(directory: string, httpPort: number, rpcPort: number, auth: boolean): string {
  return `
reporting-disabled = true
bind-address = "127.0.0.1:${rpcPort}"
[meta]
  dir = "${directory}/meta"
[data]
  dir = "${directory}/data"
  wal-dir = "${directory}/wal"
  query-log-enabled = false
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:${httpPort}"
  log-enabled = false
  auth-enabled = ${auth}
[logging]
  level = "error"
  suppress-logo = true
`;
}

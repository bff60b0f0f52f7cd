import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from '../support/free-port.ts';
import { eventually, startGateway } from '../support/gateway.ts';
import type { LoadDevice, LoadOrder, LoadReport } from './ingest-load.ts';
import { allStored, furnish } from './ingest-wayside.ts';

const MOSQUITTO = '/usr/sbin/mosquitto';

/** One broker under load, in a process of its own. */
export interface Subject {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  readonly devices: readonly LoadDevice[];
  /** Waits until what was acknowledged is also stored and judged; ms since `from`. Null where that is not its business. */
  readonly settled: ((from: number) => Promise<number>) | null;
  stop(): Promise<void>;
}

const TOKEN = 'bench-token';

function anyDevices(count: number): readonly LoadDevice[] {
  return Array.from({ length: count }, (_, n) => ({ id: `bench-${n}`, token: TOKEN }));
}

export async function bareAedes(devices: number): Promise<Subject> {
  return nodeSubject(
    'Aedes, bare (no login, nothing kept)',
    new URL('./ingest-aedes.ts', import.meta.url),
    devices,
  );
}

export async function brokerAndJournal(devices: number): Promise<Subject> {
  return nodeSubject(
    'Wayside, broker and journal alone (fsync)',
    new URL('./ingest-journal.ts', import.meta.url),
    devices,
  );
}

export async function wayside(devices: number): Promise<Subject> {
  const gateway = await startGateway();
  return {
    name: 'Wayside (login, fsync, rules, DuckDB)',
    port: gateway.mqttPort,
    pid: gateway.pid,
    devices: await furnish(gateway, devices),
    settled: (from) => allStored(gateway, from),
    stop: () => gateway.stop(),
  };
}

/** Null where it is not installed. */
export async function mosquitto(devices: number): Promise<Subject | null> {
  if (!existsSync(MOSQUITTO)) return null;
  const directory = await mkdtemp(join(tmpdir(), 'wayside-mosquitto-'));
  const port = await freePort();
  const config = [
    `listener ${port} 127.0.0.1`,
    'allow_anonymous true',
    'persistence false',
    'log_dest none',
    'set_tcp_nodelay true',
  ];
  await writeFile(join(directory, 'mosquitto.conf'), `${config.join('\n')}\n`);
  const child = spawn(MOSQUITTO, ['-c', join(directory, 'mosquitto.conf')], { stdio: 'ignore' });
  await eventually('Mosquitto listens', 5000, () => answers(port));
  return {
    name: 'Mosquitto (no login, nothing kept)',
    port,
    pid: pidOf(child),
    devices: anyDevices(devices),
    settled: null,
    async stop() {
      await end(child);
      await rm(directory, { recursive: true });
    },
  };
}

const GENERATORS = {
  clients: new URL('./ingest-clients.ts', import.meta.url),
  packets: new URL('./ingest-packets.ts', import.meta.url),
  'packets-together': new URL('./ingest-packets.ts', import.meta.url),
};

/**
 * Runs the generator in processes of its own, to their end; each drives its share of the devices.
 *
 * @param processes one of real clients costs more CPU a message than the brokers under test, and may be what is measured
 * @param onAcknowledged called at the last PUBACK, before the generator closes its connections
 * @returns what they sent together, and how long the slowest took
 * @throws with what it wrote where a message was lost
 */
export async function runLoad(
  order: LoadOrder,
  processes = 1,
  onAcknowledged: () => Promise<void> = async () => undefined,
): Promise<LoadReport> {
  const shares = Array.from({ length: processes }, (_, n) =>
    order.devices.filter((_, at) => at % processes === n),
  );
  const generators = shares.map((devices) => startGenerator({ ...order, devices }));
  const reports = await Promise.all(generators.map(({ report }) => report));
  await onAcknowledged();
  await Promise.all(generators.map(({ ended }) => ended));
  return {
    acknowledged: reports.reduce((sum, { acknowledged }) => sum + acknowledged, 0),
    elapsedMs: Math.max(...reports.map(({ elapsedMs }) => elapsedMs)),
    cpuMs: reports.reduce((sum, { cpuMs }) => sum + cpuMs, 0),
    latencyMs: reports[0]?.latencyMs ?? null,
  };
}

function startGenerator(order: LoadOrder): { report: Promise<LoadReport>; ended: Promise<unknown> } {
  const child = spawn(process.execPath, [GENERATORS[order.from].pathname, JSON.stringify(order)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  return { report: firstLine(child).then((line) => JSON.parse(line) as LoadReport), ended };
}

async function nodeSubject(name: string, file: URL, devices: number): Promise<Subject> {
  const child = spawn(process.execPath, [file.pathname, TOKEN], { stdio: ['ignore', 'pipe', 'inherit'] });
  const { port } = JSON.parse(await firstLine(child)) as { port: number };
  return {
    name,
    port,
    pid: pidOf(child),
    devices: anyDevices(devices),
    settled: null,
    stop: () => end(child),
  };
}

function pidOf(child: ChildProcess): number {
  if (child.pid === undefined) throw new Error('a process of the benchmark did not start');
  return child.pid;
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('no output to read');
  const gone = once(child, 'exit').then(([code]) => {
    throw new Error(`a process of the benchmark left with ${code}`);
  });
  gone.catch(() => undefined);
  const [line] = await Promise.race([once(createInterface({ input: child.stdout }), 'line'), gone]);
  return line as string;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  await gone;
}

function answers(port: number): Promise<true | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(undefined));
  });
}

import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { connectPacket } from '../broker/packets.ts';
import { type GatewayProcess, startGateway } from '../support/gateway.ts';
import { metricsOf } from '../support/gateway-metrics.ts';
import type { BenchResult } from './bench.ts';
import type { LoadDevice } from './ingest-load.ts';
import { bareAedes, runLoad, type Subject } from './ingest-subjects.ts';
import { allStored, furnish, inParallel } from './ingest-wayside.ts';

const IDLE_CONNECTIONS = 5000;
const LOGINS_AT_ONCE = 50;
const STEADY_DEVICES = 100;
const STEADY_PER_SECOND = 20_000;
const STEADY_SECONDS = 8;
/** Until what the logins left behind was given back. */
const IDLE_FOR_MS = 45_000;
const CONNACK_BYTES = 4;
const KIB_A_MIB = 1024;

/** What is left of the machine beside the load: memory of connections that say nothing, and the socket thread's delay. */
export async function steadyResult(progress: (line: string) => void): Promise<BenchResult> {
  const rows = [];
  const aedes = await bareAedes(IDLE_CONNECTIONS);
  try {
    progress(`${IDLE_CONNECTIONS} idle connections: ${aedes.name}`);
    rows.push({ subject: aedes.name, figures: await memoryOfIdle(aedes.pid, aedes.port, aedes.devices) });
  } finally {
    await aedes.stop();
  }
  const first = await startGateway();
  progress(`registering ${IDLE_CONNECTIONS} devices`);
  const idle = await register(first);
  // Started anew, so that what 5,000 requests left behind does not count as memory of connections.
  await first.kill('SIGTERM');
  const gateway = await startGateway({ dataDir: first.dataDir });
  try {
    progress(`${IDLE_CONNECTIONS} idle connections: Wayside`);
    const memory = await memoryOfIdle(gateway.pid, gateway.mqttPort, idle);
    progress(`${STEADY_PER_SECOND} messages a second: Wayside`);
    rows.push({ subject: 'Wayside', figures: { ...memory, ...(await delayUnderLoad(gateway)) } });
    return {
      name: 'ingest, steady',
      conditions:
        `${IDLE_CONNECTIONS} connections that are logged in and silent for ${IDLE_FOR_MS / 1000} s, resident memory of the process (Wayside: started on the data of these devices) before and with them; ` +
        `then ${STEADY_PER_SECOND} QoS 1 messages a second from ${STEADY_DEVICES} connections for ${STEADY_SECONDS} s. ` +
        'Delay of the socket thread as /metrics has it (sampled every 10 ms; the 10 ms are in it).',
      columns: [
        'idle RSS MiB',
        'before MiB',
        'KiB a connection',
        'delay p50 ms',
        'delay p99 ms',
        'PUBACK p99 ms',
      ],
      rows,
      ratios: [
        {
          name: `MiB with ${IDLE_CONNECTIONS} idle connections`,
          value: memory['idle RSS MiB'] ?? Number.NaN,
          aim: '≤ 500',
        },
        {
          name: `p99 delay of the socket thread at ${STEADY_PER_SECOND} msg/s, ms`,
          value: Number(rows.at(-1)?.figures['delay p99 ms'] ?? Number.NaN),
          aim: '< 20',
        },
      ],
    };
  } finally {
    await gateway.stop();
    await first.stop();
  }
}

/** Resident memory of a process, MiB. */
export async function residentMiB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? Number.NaN) / KIB_A_MIB;
}

async function register(gateway: GatewayProcess): Promise<readonly LoadDevice[]> {
  return inParallel(IDLE_CONNECTIONS, async (n) => {
    const id = `idle-${n}`;
    const answer = await gateway.api('POST', '/api/v1/devices', { id, type: 'fridge' });
    if (answer.status !== 201) throw new Error(`registering ${id}: ${answer.status}`);
    return { id, token: String(answer.body.token) };
  });
}

async function memoryOfIdle(
  pid: number,
  port: number,
  devices: Subject['devices'],
): Promise<Record<string, number>> {
  const before = await residentMiB(pid);
  const sockets: Socket[] = [];
  try {
    for (let start = 0; start < devices.length; start += LOGINS_AT_ONCE) {
      const some = devices.slice(start, start + LOGINS_AT_ONCE);
      sockets.push(...(await Promise.all(some.map((device) => login(port, device)))));
    }
    await new Promise((resolve) => setTimeout(resolve, IDLE_FOR_MS));
    const idle = await residentMiB(pid);
    return {
      'idle RSS MiB': idle,
      'before MiB': before,
      'KiB a connection': ((idle - before) * KIB_A_MIB) / devices.length,
    };
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

async function login(port: number, { id, token }: LoadDevice): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' });
  await once(socket, 'connect');
  socket.write(connectPacket({ clientId: id, username: id, password: token, clean: true }));
  await once(socket, 'readable');
  const connack = socket.read(CONNACK_BYTES) as Buffer | null;
  if (connack === null || connack[3] !== 0) throw new Error(`login refused: ${connack?.[3]}`);
  return socket;
}

async function delayUnderLoad(gateway: GatewayProcess): Promise<Record<string, number>> {
  const devices = await furnish(gateway, STEADY_DEVICES);
  const order = { port: gateway.mqttPort, devices, from: 'packets' } as const;
  const load = { kind: 'open', perSecond: STEADY_PER_SECOND } as const;
  await runLoad({ ...order, seconds: 3, load });
  await allStored(gateway, 0);
  // Each look begins a new count.
  await gateway.api('GET', '/metrics');
  const { latencyMs } = await runLoad({ ...order, seconds: STEADY_SECONDS, load });
  const value = await metricsOf(gateway);
  const delayMs = (part: string): number => 1000 * value(`nodejs_eventloop_lag_${part}_seconds`);
  return {
    'delay p50 ms': delayMs('p50'),
    'delay p99 ms': delayMs('p99'),
    'PUBACK p99 ms': latencyMs?.p99 ?? Number.NaN,
  };
}

import { Buffer } from 'node:buffer';
import { connect } from 'node:net';
import mqtt from 'mqtt';
import { createRandom, type Random } from '../../devices-sim/city/model/random.ts';
import { allStored } from '../bench/ingest-wayside.ts';
import type { GatewayProcess } from '../support/gateway.ts';
import { metricsOf } from '../support/gateway-metrics.ts';
import { mutate } from './mutate.ts';
import { goodConnect, packetSeeds } from './packet-seeds.ts';

const PACKETS_A_STREAM = 12;
const STREAMS_AT_ONCE = 20;
const DEVICES = 20;
/** A stream that the broker neither answers nor closes is given up after this. */
const STREAM_WITHIN_MS = 1000;
const WITNESS_EVERY_MS = 50;
const LOOK_AT_HEAP_EVERY_MS = 250;
const PARTS_OF_RUN = 5;
/** Streams that are kept, to be written down should the gateway die. */
const REMEMBERED_STREAMS = 200;

export interface PacketReport {
  readonly mutated: number;
  readonly streams: number;
  /** Messages of a device that behaves, sent meanwhile: each was acknowledged and stored once. */
  readonly witnessed: number;
  /** Growth of what the socket thread's heap holds after a collection, from the second fifth of the run to the last. */
  readonly heapGrowthMiB: number;
  /** What went wrong; empty where nothing did. */
  readonly faults: readonly string[];
  /** The latest streams as hex where something went wrong. */
  readonly streamsBefore: readonly string[];
}

/**
 * Sends mutated packets to a running gateway, a stream a connection, beside a device that behaves.
 *
 * @param onProgress told the number of mutated packets sent so far
 */
export async function fuzzPackets(
  gateway: GatewayProcess,
  packets: number,
  seed: number,
  onProgress: (sent: number) => void = () => undefined,
): Promise<PacketReport> {
  const random = createRandom(seed).fork('packets');
  const devices = await registered(gateway);
  const latest: string[] = [];
  const faults: string[] = [];
  let mutated = 0;
  let streams = 0;
  const witness = await startWitness(gateway);
  const heap = watchHeap(gateway);
  const work = async (own: Random): Promise<void> => {
    while (mutated < packets && isAlive(gateway.pid)) {
      const stream = streamOf(own.pick(devices), own);
      mutated += stream.mutated;
      streams += 1;
      latest.push(stream.bytes.toString('hex'));
      if (latest.length > REMEMBERED_STREAMS) latest.shift();
      await sendStream(gateway.mqttPort, stream.bytes);
      onProgress(mutated);
    }
  };
  await Promise.all(Array.from({ length: STREAMS_AT_ONCE }, (_, n) => work(random.fork(`worker ${n}`))));
  const heapGrowthMiB = await heap.growthMiB();
  if (!isAlive(gateway.pid)) {
    faults.push('the gateway died');
    await witness.abandon();
    return { mutated, streams, witnessed: 0, heapGrowthMiB, faults, streamsBefore: latest };
  }
  const witnessed = await witness.finish(faults);
  await allStored(gateway, 0);
  faults.push(...(await leftBehind(gateway)), ...loggedErrors(gateway));
  return {
    mutated,
    streams,
    witnessed,
    heapGrowthMiB,
    faults,
    streamsBefore: faults.length > 0 ? latest : [],
  };
}

/** Sends the bytes of one connection, and waits until it is over. */
export function sendStream(port: number, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const timer = setTimeout(() => socket.destroy(), STREAM_WITHIN_MS);
    // Being cut off is what a broken stream deserves.
    socket.on('error', () => socket.destroy());
    socket.on('data', () => undefined);
    socket.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
    socket.end(bytes);
  });
}

interface FuzzDevice {
  readonly id: string;
  readonly seeds: readonly Buffer[];
  readonly login: Buffer;
}

async function registered(gateway: GatewayProcess): Promise<readonly FuzzDevice[]> {
  const devices: FuzzDevice[] = [];
  for (let n = 0; n < DEVICES; n += 1) {
    const id = `fuzz-${n}`;
    const token = await register(gateway, id);
    devices.push({ id, seeds: packetSeeds(id, token), login: goodConnect(id, token) });
  }
  return devices;
}

async function register(gateway: GatewayProcess, id: string): Promise<string> {
  const { status, body } = await gateway.api('POST', '/api/v1/devices', { id, type: 'car' });
  if (status !== 201) throw new Error(`registering ${id}: ${status}`);
  return body.token;
}

/** Mostly behind a good login, for there is little to break before it. */
function streamOf(device: FuzzDevice, random: Random): { bytes: Buffer; mutated: number } {
  const parts: Buffer[] = random.chance(0.85) ? [device.login] : [];
  let mutated = 0;
  for (let n = 0; n < PACKETS_A_STREAM; n += 1) {
    const seed = random.pick(device.seeds);
    // A good one now and then: the state of a session is then what comes next meets.
    if (random.chance(0.4)) parts.push(seed);
    else {
      parts.push(mutate(seed, device.seeds, random));
      mutated += 1;
    }
  }
  return { bytes: Buffer.concat(parts), mutated };
}

interface Witness {
  /** Sends no more, adds what it found wrong, and gives how many messages there were. */
  finish(faults: string[]): Promise<number>;
  abandon(): Promise<void>;
}

/** A device that behaves: each of its messages has to be acknowledged and stored once, whatever the others do. */
async function startWitness(gateway: GatewayProcess): Promise<Witness> {
  const id = 'witness';
  const token = await register(gateway, id);
  const from = Date.now();
  const client = await mqtt.connectAsync(gateway.mqttUrl, { clientId: id, username: id, password: token });
  let sent = 0;
  let acknowledged = 0;
  let reconnects = 0;
  client.on('reconnect', () => {
    reconnects += 1;
  });
  const timer = setInterval(() => {
    sent += 1;
    client.publish(
      `devices/${id}/telemetry`,
      JSON.stringify({ at: from + sent, metrics: { fuel: 0.5 } }),
      { qos: 1 },
      () => {
        acknowledged += 1;
      },
    );
  }, WITNESS_EVERY_MS);
  return {
    async finish(faults) {
      clearInterval(timer);
      await client.endAsync();
      await allStored(gateway, 0);
      const { body } = await gateway.api('GET', `/api/v1/telemetry/${id}?limit=100000`);
      const stored = (body.points as unknown[]).length;
      if (acknowledged !== sent || stored !== sent)
        faults.push(`a good device sent ${sent}, had ${acknowledged} acknowledged and ${stored} stored`);
      if (reconnects > 0) faults.push(`a good device was cut off ${reconnects} times`);
      return sent;
    },
    async abandon() {
      clearInterval(timer);
      await client.endAsync(true);
    },
  };
}

/** Looks at the heap now and then. Its lowest points are those behind a collection: garbage is not in them. */
function watchHeap(gateway: GatewayProcess): { growthMiB(): Promise<number> } {
  const usedMiB: number[] = [];
  let isOver = false;
  const watching = (async () => {
    while (!isOver && isAlive(gateway.pid)) {
      const { body } = await gateway.api('GET', '/metrics').catch(() => ({ body: '' }));
      const used = /^nodejs_heap_size_used_bytes (\S+)/m.exec(String(body))?.[1];
      if (used !== undefined) usedMiB.push(Number(used) / 2 ** 20);
      await new Promise((resolve) => setTimeout(resolve, LOOK_AT_HEAP_EVERY_MS));
    }
  })();
  const lowest = (part: number): number => {
    const size = usedMiB.length / PARTS_OF_RUN;
    return Math.min(...usedMiB.slice(Math.floor(part * size), Math.ceil((part + 1) * size)));
  };
  return {
    async growthMiB() {
      isOver = true;
      await watching;
      return lowest(PARTS_OF_RUN - 1) - lowest(1);
    },
  };
}

/** What the broker still holds though everybody has gone. */
async function leftBehind(gateway: GatewayProcess): Promise<string[]> {
  const holds = [
    'broker_connections',
    'broker_in_flight_bytes',
    'broker_half_received_bytes',
    'broker_paused',
    'downlink_devices_online',
  ];
  const deadline = performance.now() + 20_000;
  for (;;) {
    const figure = await metricsOf(gateway);
    const left = holds.flatMap((name) => {
      const value = figure(`wayside_${name}`);
      return value === 0 ? [] : [`wayside_${name} is ${value} when all have gone`];
    });
    if (left.length === 0 || performance.now() > deadline) return left;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Errors are what the gateway did wrong; what peers did wrong are warnings. */
function loggedErrors(gateway: GatewayProcess): string[] {
  return gateway.logLines
    .filter((line) => /"level":(?:50|60)/.test(line))
    .map((line) => `logged: ${line.slice(0, 500)}`);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connectPacket, publishPacket } from '../broker/packets.ts';
import { drive, type LoadOrder, type LoadReport, ownCpuMs } from './ingest-load.ts';

/**
 * The load, in a process of its own and as cheap as can be: packets are made beforehand, and acknowledgements are counted,
 * not parsed. Each message has a write of its own, as from client libraries, unless they are to go together.
 */
const CONNACK_BYTES = 4;
const PUBACK_BYTES = 4;
const GRACE_MS = 10_000;

const order = JSON.parse(process.argv[2] ?? '{}') as LoadOrder;
const together = order.from === 'packets-together';

class Device {
  readonly #socket: Socket;
  readonly #packets: Buffer;
  readonly #packetBytes: number;
  readonly count: number;
  #receivedBytes = 0;
  sent = 0;
  acknowledged = 0;
  onAcknowledged: (count: number) => void = () => undefined;

  constructor(socket: Socket, number: number) {
    const topic = `devices/${order.devices[number]?.id}/telemetry`;
    const packets = drive(number, order.devices.length).map((payload, n) =>
      publishPacket(topic, payload, 1, n + 1),
    );
    this.#socket = socket;
    this.#packetBytes = packets[0]?.length ?? 0;
    if (packets.some(({ length }) => length !== this.#packetBytes))
      throw new Error('packets differ in length');
    this.#packets = Buffer.concat(packets);
    this.count = packets.length;
    socket.on('data', (chunk: Buffer) => {
      this.#receivedBytes += chunk.length;
      const total = Math.floor((this.#receivedBytes - CONNACK_BYTES) / PUBACK_BYTES);
      const fresh = total - this.acknowledged;
      this.acknowledged = total;
      if (fresh > 0) this.onAcknowledged(fresh);
    });
  }

  get inFlight(): number {
    return this.sent - this.acknowledged;
  }

  /** Sends the next messages. Packet ids repeat after 512, so at most that many may be in flight. */
  send(messages: number): void {
    for (let left = messages; left > 0; ) {
      const at = this.sent % this.count;
      const written = together ? Math.min(left, this.count - at) : 1;
      this.#socket.write(this.#packets.subarray(at * this.#packetBytes, (at + written) * this.#packetBytes));
      this.sent += written;
      left -= written;
    }
  }

  close(): void {
    this.#socket.destroy();
  }
}

async function login(number: number): Promise<Device> {
  const who = order.devices[number];
  if (who === undefined) throw new Error('no such device');
  const socket = connect({ port: order.port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  socket.write(connectPacket({ clientId: who.id, username: who.id, password: who.token, clean: true }));
  await once(socket, 'readable');
  const connack = socket.read(CONNACK_BYTES) as Buffer | null;
  if (connack === null || connack[3] !== 0) throw new Error(`login refused: ${connack?.[3]}`);
  socket.once('close', () => {
    if (!finished) throw new Error(`the broker closed the connection of ${who.id}`);
  });
  socket.unshift(connack);
  return new Device(socket, number);
}

let finished = false;
const devices: Device[] = [];
for (let n = 0; n < order.devices.length; n += 1) devices.push(await login(n));

const startedAt = performance.now();
const cpuBeforeMs = ownCpuMs();
let lastAckAt = startedAt;
const latencies: number[] = [];
const sum = (of: (device: Device) => number): number =>
  devices.reduce((total, device) => total + of(device), 0);

async function drained(): Promise<void> {
  const deadline = performance.now() + GRACE_MS;
  while (sum((device) => device.inFlight) > 0) {
    if (performance.now() > deadline)
      throw new Error(`${sum((device) => device.inFlight)} messages were never acknowledged`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function closedLoad(window: number): Promise<void> {
  const stopAt = startedAt + order.seconds * 1000;
  for (const device of devices) {
    device.onAcknowledged = (count) => {
      lastAckAt = performance.now();
      if (lastAckAt < stopAt) device.send(count);
    };
    device.send(window);
  }
  await new Promise((resolve) => setTimeout(resolve, order.seconds * 1000));
  await drained();
}

async function openLoad(perSecond: number): Promise<void> {
  const total = perSecond * order.seconds;
  const dueAt = (message: number): number => startedAt + (message * 1000) / perSecond;
  for (const [number, device] of devices.entries()) {
    let next = 0;
    device.onAcknowledged = (count) => {
      lastAckAt = performance.now();
      // The k-th message of a device is message k * devices + number of all; acknowledgements come in order.
      for (const until = next + count; next < until; next += 1)
        latencies.push(lastAckAt - dueAt(next * devices.length + number));
    };
  }
  let message = 0;
  while (message < total) {
    const due = Math.min(total, Math.floor(((performance.now() - startedAt) * perSecond) / 1000));
    while (message < due) {
      const device = devices[message % devices.length];
      // What does not fit in the packet ids waits, and its wait counts.
      if (device === undefined || device.inFlight >= device.count) break;
      device.send(1);
      message += 1;
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await drained();
}

if (order.load.kind === 'closed') await closedLoad(order.load.window);
else await openLoad(order.load.perSecond);
finished = true;
for (const device of devices) device.close();

latencies.sort((a, b) => a - b);
const percentile = (part: number): number =>
  latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * part))] ?? 0;
const report: LoadReport = {
  acknowledged: sum((device) => device.acknowledged),
  elapsedMs: lastAckAt - startedAt,
  cpuMs: ownCpuMs() - cpuBeforeMs,
  latencyMs:
    latencies.length === 0
      ? null
      : { p50: percentile(0.5), p99: percentile(0.99), p999: percentile(0.999), max: percentile(1) },
};
console.log(JSON.stringify(report));

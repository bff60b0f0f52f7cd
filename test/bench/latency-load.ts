import { connect, type Socket } from 'node:net';
import { connectPacket, publishPacket } from '../broker/packets.ts';

/** What the generator process is told in its first argument, as JSON. */
export interface DriveOrder {
  readonly port: number;
  readonly cars: readonly {
    readonly id: string;
    readonly token: string;
    /** Where its road begins, degrees; it drives east. */
    readonly lat: number;
    readonly lon: number;
  }[];
  /** Of all cars together. */
  readonly perSecond: number;
  readonly seconds: number;
  readonly metresASecond: number;
  /** Degrees of longitude a metre on these roads. */
  readonly degreesAMetre: number;
}

/** When each reading was written to its socket: its own time, and the moment (epoch ms, with fractions). */
export type Published = readonly (readonly [at: number, published: number])[];

const TICK_MS = 5;
const MAX_PACKET_ID = 65_535;

const order = JSON.parse(process.argv[2] ?? '{}') as DriveOrder;
const sockets = await Promise.all(order.cars.map(({ id, token }) => connected(id, token)));
process.send?.('connected');
await new Promise((resolve) => process.once('message', resolve));

const published = order.cars.map((): (readonly [number, number])[] => []);
const lastAt = order.cars.map(() => 0);
const startedAt = performance.now();
let sent = 0;
await new Promise<void>((resolve) => {
  const timer = setInterval(() => {
    const due = Math.min(
      order.perSecond * order.seconds,
      ((performance.now() - startedAt) * order.perSecond) / 1000,
    );
    for (; sent < due; sent += 1) drive(sent % order.cars.length);
    if (sent < order.perSecond * order.seconds) return;
    clearInterval(timer);
    resolve();
  }, TICK_MS);
});
process.send?.(published);

function drive(index: number): void {
  const car = order.cars[index];
  const socket = sockets[index];
  if (car === undefined || socket === undefined) return;
  const metres = ((performance.now() - startedAt) / 1000) * order.metresASecond;
  // One reading a car and millisecond, so that its time names it.
  const at = Math.max(Date.now(), (lastAt[index] ?? 0) + 1);
  lastAt[index] = at;
  const lon = car.lon + metres * order.degreesAMetre;
  const payload = `{"at":${at},"position":{"lat":${car.lat},"lon":${lon.toFixed(7)},"accuracy":5,"speed":${order.metresASecond},"heading":90}}`;
  const packetId = (Math.floor(sent / order.cars.length) % MAX_PACKET_ID) + 1;
  socket.write(publishPacket(`devices/${car.id}/telemetry`, payload, 1, packetId));
  published[index]?.push([at, performance.timeOrigin + performance.now()]);
}

function connected(id: string, token: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(order.port, '127.0.0.1');
    socket.setNoDelay(true);
    socket.on('error', reject);
    socket.write(connectPacket({ clientId: id, username: id, password: token, clean: true }));
    // CONNACK comes first; PUBACKs are read and dropped.
    socket.once('data', () => resolve(socket));
    socket.on('data', () => undefined);
  });
}

import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { DurablePersistence } from '../../broker/persistence/durable-persistence.ts';
import { connectPacket, packet, publishPacket, text } from './packets.ts';
import { connected, type RunningBroker, refusalOf, runBroker, TOKEN, until } from './running-broker.ts';

const TOPIC = 'devices/a/telemetry';
const CONNACK_BYTES = 4;

let running: RunningBroker;
afterEach(() => running.stop());

describe('too fast', () => {
  it('a user is not read for a while, on all its connections, and loses nothing', async () => {
    running = await runBroker({ userRate: { perSecond: 100, atOnce: 50 } });
    const sockets = [await loggedIn('one'), await loggedIn('two')];
    const startedAt = performance.now();
    for (const [number, socket] of sockets.entries()) {
      for (let n = 1; n <= 50; n += 1) socket.write(publishPacket(TOPIC, `${number}-${n}`, 1, n));
    }
    await until('all are kept', () => running.accepted.length === 100);
    // 50 at once, and the last chunk is taken before its time: of the others at least some have waited.
    expect(running.broker.counters().paced).toBeGreaterThan(0);
    for (const socket of sockets) socket.write(publishPacket(TOPIC, 'last', 1, 60));
    await until('those behind are kept', () => running.accepted.length === 102);
    expect(performance.now() - startedAt).toBeGreaterThan(200);
  });

  it('an address is refused further connections, and let in again', async () => {
    // So slow that no other comes in while the ten are opened.
    running = await runBroker({ connectRate: { perSecond: 0.5, atOnce: 5 }, localIsFree: false });
    const sockets: Socket[] = [];
    for (let n = 0; n < 10; n += 1) sockets.push(await running.raw());
    await until('five are refused', () => running.broker.counters().refusedConnections === 5);
    expect(running.broker.counters().connections).toBe(5);
    const isIn = async (): Promise<boolean> => {
      const client = running.connect({ clientId: 'later' });
      return connected(client).then(
        () => true,
        () => false,
      );
    };
    const deadline = performance.now() + 20_000;
    let later = false;
    while (!later && performance.now() < deadline) later = await isIn();
    expect(later).toBe(true);
  });

  it('wrong tokens are not looked at after ten', async () => {
    let looks = 0;
    running = await runBroker(
      {},
      {
        findUser: async () => {
          looks += 1;
          return null;
        },
      },
    );
    for (let n = 0; n < 15; n += 1)
      expect(await refusalOf(running.connect({ clientId: `c-${n}`, password: 'wrong' }))).toBe(5);
    expect(looks).toBe(10);
    expect(running.broker.counters().failedLogins).toBe(15);
  });
});

describe('a subscriber that does not read', () => {
  const BOUND = 256 * 1024;

  it('misses messages of QoS 0, and holds nobody up', async () => {
    running = await runBroker({ maxUnsentBytes: BOUND });
    const frozen = await subscribed('frozen', 0);
    frozen.pause();
    const { heard, publish } = await listenerAndPublisher();
    await publish(3000, 0);
    await until('the other hears all', () => heard.length === 3000);
    expect(running.broker.counters().missed).toBeGreaterThan(0);
    expect(frozen.destroyed).toBe(false);
  });

  it('is disconnected where it may miss nothing, and holds nobody up', async () => {
    running = await runBroker({ maxUnsentBytes: BOUND });
    const frozen = await subscribed('frozen', 1);
    frozen.pause();
    const { heard, publish } = await listenerAndPublisher();
    await publish(3000, 1);
    await until('the other hears all', () => heard.length === 3000);
    await until('it is gone', () => running.broker.counters().connections === 2);
  });
});

describe('subscriptions without number', () => {
  const FILTERS = ['a', 'b', 'c', 'd', 'e'].map((level) => `devices/a/${level}`);
  const subscribe = (filters: readonly string[]) =>
    packet(0x82, Buffer.of(0, 1), ...filters.flatMap((filter) => [text(filter), Buffer.of(1)]));

  it.each([true, false])('are refused beyond the bound of a session (clean: %s)', async (clean) => {
    running = await runBroker({ maxFiltersPerSession: 3 });
    const first = await loggedIn('many', clean);
    expect(await answerTo(first, subscribe(FILTERS))).toEqual([0x90, 7, 0, 1, 1, 1, 1, 0x80, 0x80]);
    expect(await answerTo(first, subscribe(['devices/a/a', 'devices/a/d']))).toEqual([
      0x90, 4, 0, 1, 1, 0x80,
    ]);
    await answerTo(first, packet(0xa2, Buffer.of(0, 2), text('devices/a/b')));
    expect(await answerTo(first, subscribe(['devices/a/d', 'devices/a/e']))).toEqual([
      0x90, 4, 0, 1, 1, 0x80,
    ]);
    first.destroy();
    await until('it is gone', () => running.broker.counters().connections === 0);
    const again = await loggedIn('many', clean);
    const isFull = !clean;
    expect(await answerTo(again, subscribe(['devices/a/e']))).toEqual([0x90, 3, 0, 1, isFull ? 0x80 : 1]);
  });

  it('of one packet are kept together, not each with all others', async () => {
    let looks = 0;
    const persistence = new DurablePersistence({
      isDenied: () => {
        looks += 1;
        return false;
      },
    });
    const wanted = FILTERS.map((topic) => ({ topic, qos: 1 as const }));
    await persistence.setup({ id: 'broker' });
    await Promise.all(wanted.map(() => persistence.addSubscriptions({ id: 'many' }, wanted)));
    expect(looks).toBe(FILTERS.length);
    await persistence.cleanSubscriptions({ id: 'many' });
    await persistence.addSubscriptions({ id: 'many' }, wanted);
    expect(await persistence.subscriptionsByClient({ id: 'many' })).toHaveLength(FILTERS.length);
  });
});

/** A client that hears commands, and one that the gateway sends 10 KB commands through. */
async function listenerAndPublisher(): Promise<{
  heard: string[];
  publish: (count: number, qos: 0 | 1) => Promise<void>;
}> {
  const heard: string[] = [];
  const listener = running.connect({ clientId: 'listener' });
  await connected(listener);
  listener.on('message', (topic) => heard.push(topic));
  await listener.subscribeAsync('devices/a/config', { qos: 1 });
  await connected(running.connect({ clientId: 'bystander' }));
  const payload = 'x'.repeat(10_000);
  return {
    heard,
    async publish(count, qos) {
      for (let n = 0; n < count; n += 1) await running.broker.publish('devices/a/config', payload, { qos });
    },
  };
}

async function loggedIn(clientId: string, clean = true): Promise<Socket> {
  const socket = await running.raw();
  let bytes = 0;
  socket.on('data', (chunk) => {
    bytes += chunk.length;
  });
  socket.write(connectPacket({ clientId, username: 'a', password: TOKEN, clean }));
  await until('CONNACK', () => bytes >= CONNACK_BYTES);
  return socket;
}

async function subscribed(clientId: string, qos: 0 | 1): Promise<Socket> {
  const socket = await loggedIn(clientId);
  const answered = new Promise<void>((resolve) => socket.once('data', () => resolve()));
  socket.write(packet(0x82, Buffer.of(0, 1), text('devices/a/config'), Buffer.of(qos)));
  await answered;
  return socket;
}

/** What comes next, as bytes. */
async function answerTo(socket: Socket, sent: Uint8Array): Promise<number[]> {
  const answered = new Promise<Buffer>((resolve) => socket.once('data', resolve));
  socket.write(sent);
  return [...(await answered)];
}

import { afterEach, describe, expect, it } from 'vitest';
import { type BrokerLimits, OVERHEAD_BYTES } from '../../broker/limits.ts';
import { connectPacket, packet, text } from './packets.ts';
import { connected, type RunningBroker, runBroker, TOKEN, until } from './running-broker.ts';
import { TestMap } from './test-map.ts';

const FILTER = 'devices/a/errors';
const SUBSCRIBE = packet(0x82, Buffer.of(0, 1), text(FILTER), Buffer.of(0));
const UNSUBSCRIBE = packet(0xa2, Buffer.of(0, 2), text(FILTER));
const SUBACK = [0x90, 3, 0, 1, 0];
const UNSUBACK = [0xb0, 2, 0, 2];

let running: RunningBroker;
let go: () => void = () => undefined;
afterEach(async () => {
  go();
  await running.stop();
});

/** Sends packets behind a login all at once, and gives the answers and what is heard of two messages afterwards. */
async function heardAfter(clean: boolean, packets: readonly Buffer[], answers: number): Promise<number[]> {
  running = await runBroker({}, { sessions: new TestMap() });
  const socket = await running.raw();
  const heard: number[] = [];
  socket.on('data', (chunk: Buffer) => heard.push(...chunk));
  const login = connectPacket({ clientId: 'raw', username: 'a', password: TOKEN, clean });
  socket.write(Buffer.concat([login, ...packets]));
  await until('all is answered', () => heard.length >= 4 + answers);
  await running.broker.publish(FILTER, 'x');
  // What is published stands before the answer to what comes behind it.
  socket.write(Buffer.of(0xc0, 0));
  await until('the ping is answered', () => heard.at(-2) === 0xd0);
  return heard.slice(4, -2);
}

const PUBLISHED = [...packet(0x30, text(FILTER), Buffer.from('x'))];

describe.each([{ clean: true }, { clean: false }])('what a client sends at once: %j', ({ clean }) => {
  it('is taken in turn: a filter that it gives up behind its SUBSCRIBE is gone', async () => {
    const heard = await heardAfter(clean, [SUBSCRIBE, UNSUBSCRIBE], SUBACK.length + UNSUBACK.length);
    expect(heard).toEqual([...SUBACK, ...UNSUBACK]);
  });

  it('is taken in turn: a filter that it asks for again behind its UNSUBSCRIBE is there [MQTT-3.8.4-1]', async () => {
    const packets = [SUBSCRIBE, UNSUBSCRIBE, SUBSCRIBE];
    const heard = await heardAfter(clean, packets, 2 * SUBACK.length + UNSUBACK.length);
    expect(heard).toEqual([...SUBACK, ...UNSUBACK, ...SUBACK, ...PUBLISHED]);
  });
});

describe('what waits for its turn', () => {
  /** A client whose subscription is on its way to a disk that takes its time. */
  async function waiting(limits: Partial<BrokerLimits> = {}) {
    const map = new TestMap();
    running = await runBroker(limits, { sessions: map });
    const socket = await running.raw();
    const heard: number[] = [];
    socket.on('data', (chunk: Buffer) => heard.push(...chunk));
    socket.write(connectPacket({ clientId: 'raw', username: 'a', password: TOKEN, clean: false }));
    await until('whose it is is written', () => map.entries_.has('owner/raw'));
    const { promise, resolve } = Promise.withResolvers<void>();
    map.held = promise;
    go = resolve;
    socket.write(SUBSCRIBE);
    await until('it is being written', () => map.writing.includes(`subscription/raw/${FILTER}`));
    return { socket, heard };
  }

  it('has the sender paused beyond a bound, and nobody else', async () => {
    const { socket, heard } = await waiting({ maxInFlightBytesPerClient: 200_000 });
    const large = packet(0x82, Buffer.of(0, 3), text('x'.repeat(60_000)), Buffer.of(0));
    for (let n = 0; n < 40; n += 1) socket.write(large);
    await until('it is paused', () => running.broker.counters().paused === 1);
    // What had been read by then comes on top.
    expect(running.broker.counters().inFlightBytes).toBeLessThan(400_000);
    await connected(running.connect({ clientId: 'other' }));
    go();
    await until('all are answered', () => heard.length === 4 + 41 * SUBACK.length);
    expect(running.broker.counters()).toMatchObject({ paused: 0, inFlightBytes: 0, denied: 40 });
  });

  it('is not counted any more when the sender is gone', async () => {
    const { socket } = await waiting();
    socket.write(UNSUBSCRIBE);
    const length = SUBSCRIBE.length + UNSUBSCRIBE.length - 4;
    await until(
      'both are counted',
      () => running.broker.counters().inFlightBytes === length + 2 * OVERHEAD_BYTES,
    );
    // A farewell would wait behind them.
    socket.resetAndDestroy();
    await until('it is gone', () => running.broker.counters().connections === 0);
    expect(running.broker.counters().inFlightBytes).toBe(0);
    go();
  });
});

import type { Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { hashToken } from '../../../broker/credentials.ts';
import { createSqliteJournalReader } from '../../../gateway/journal/sqlite-journal-reader.ts';
import { connectPacket, publishPacket, pubrelPacket } from '../../broker/packets.ts';
import { type RunningBroker, runBroker, TOKEN, until } from '../../broker/running-broker.ts';
import { addPerson, type EngineUnderTest, START, startEngine } from '../../support/engine.ts';

const CLIENTS = 24;
const MESSAGES = 400;
const PUBREC = 0x50;
const PACKET_BYTES = 4;

let engine: EngineUnderTest;
let broker: RunningBroker;
afterEach(async () => {
  await broker.stop();
  await engine.close();
  await engine.remove();
});

/** Pseudo-random from 0 to 1; the same in each run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

/** Releases each QoS 2 message as it is received; resolves when everything was answered. */
function answered(socket: Socket, packets: number): Promise<void> {
  let left = packets;
  let rest: Buffer = Buffer.alloc(0);
  return new Promise((resolve) => {
    socket.on('data', (bytes: Buffer) => {
      rest = Buffer.concat([rest, bytes]);
      for (; rest.length >= PACKET_BYTES; rest = rest.subarray(PACKET_BYTES)) {
        if (rest[0] === PUBREC) socket.write(pubrelPacket(rest.readUInt16BE(2)));
        left -= 1;
        if (left === 0) resolve();
      }
    });
  });
}

/** Sends numbered readings of mixed QoS, some at a time; their times go up with their numbers. */
async function send(device: string, random: () => number): Promise<void> {
  const socket = await broker.raw();
  const packets: Buffer[] = [];
  // CONNACK
  let answers = 1;
  for (let n = 0; n < MESSAGES; n += 1) {
    const qos = Math.floor(random() * 3) as 0 | 1 | 2;
    // PUBACK, or PUBREC and PUBCOMP
    answers += qos;
    const reading = JSON.stringify({
      at: START - 10_000 + n,
      metrics: { n, pad: 'x'.repeat(Math.floor(random() * 200)) },
    });
    packets.push(publishPacket(`devices/${device}/telemetry`, reading, qos, n + 1));
  }
  const done = answered(socket, answers);
  socket.write(connectPacket({ clientId: device, username: device, password: TOKEN, clean: true }));
  while (packets.length > 0) {
    socket.write(Buffer.concat(packets.splice(0, 1 + Math.floor(random() * 40))));
    if (random() < 0.3) await new Promise((resolve) => setImmediate(resolve));
  }
  await done;
}

it('is the order in the journal, in the rules and in the store, for each client among many, whatever the QoS', async () => {
  engine = await startEngine();
  const { journal } = engine;
  broker = await runBroker(
    // So little that sockets are paused again and again.
    { maxInFlightBytes: 200_000, maxInFlightBytesPerClient: 20_000 },
    {
      accept: (message) => journal.append(message),
      now: () => engine.clock.now(),
      findUser: async (id) => ({ principal: { kind: 'device', id }, tokenHashes: [hashToken(TOKEN)] }),
    },
  );
  const devices = Array.from({ length: CLIENTS }, (_, n) => `d${n}`);
  for (const device of devices) await addPerson(engine.db, `of-${device}`, { [device]: 'car' });
  // The rules work while it comes in, as they do in the gateway.
  const unsubscribe = journal.onCommitted(() => void engine.engine.drain());
  await Promise.all(devices.map((device, index) => send(device, seeded(index + 1))));
  unsubscribe();
  await engine.engine.drain();
  const { shed, accepted } = broker.broker.counters();
  expect(accepted + shed).toBe(CLIENTS * MESSAGES);
  await until('everything is stored', () => engine.writer.storedSeq >= engine.engine.seq);

  const reader = createSqliteJournalReader({ file: join(engine.dir, 'journal.db') });
  await reader.start();
  const journaled = Map.groupBy(await reader.read(0, 1e6, 1e9), ({ userId }) => userId);
  await reader.stop();
  let stored = 0;
  for (const device of devices) {
    const taken = (journaled.get(device) ?? []).map(
      ({ payload }) => JSON.parse(Buffer.from(payload).toString()).metrics.n,
    );
    expect(taken, device).toEqual(taken.toSorted((a, b) => a - b));
    const points = await engine.stored(device);
    expect(
      points.map(({ metrics }) => metrics?.n),
      device,
    ).toEqual(taken);
    // A reading that the rules see after a newer one is late: none is.
    expect(
      points.filter(({ flags }) => flags.includes('late')),
      device,
    ).toEqual([]);
    stored += points.length;
  }
  expect(stored).toBe(accepted);
});

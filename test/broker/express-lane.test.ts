import type { Socket } from 'node:net';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { connectPacket, packet, publishPacket, pubrelPacket } from './packets.ts';
import { closed, connected, type RunningBroker, runBroker, TOKEN, until } from './running-broker.ts';

const TOPIC = 'devices/a/telemetry';
const CONNACK_BYTES = 4;
const PINGREQ = packet(0xc0);
const PINGRESP = 0xd0;

let running: RunningBroker;
afterEach(() => running.stop());

describe('telemetry beside other packets', () => {
  it('is kept in the order in which it was sent, whatever its QoS and however the stream is cut', async () => {
    running = await runBroker();
    const kinds = fc.array(fc.constantFrom('0', '1', '2', 'long', 'reply', 'ping'), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(kinds, fc.array(fc.nat(), { maxLength: 8 }), async (some, cuts) => {
        const { stream, sent, acknowledged, pings } = script(some);
        const { socket, answers } = await login('client-a');
        running.accepted.length = 0;
        await writeCut(socket, stream, cuts);
        await until('all answers', () => {
          const found = answers();
          return (
            found.pings === pings &&
            found.acknowledged.length === acknowledged.length &&
            running.accepted.length === sent.length
          );
        });
        expect(payloads()).toEqual(sent);
        expect(answers().acknowledged.toSorted((a, b) => a - b)).toEqual(acknowledged);
        socket.destroy();
      }),
      { numRuns: 60 },
    );
  });

  it('is acknowledged when the journal has it, and not before', async () => {
    running = await runBroker();
    const { socket, answers } = await login('client-a');
    running.hold();
    socket.write(
      Buffer.concat([publishPacket(TOPIC, 'one', 1, 1), publishPacket(TOPIC, 'two', 1, 2), PINGREQ]),
    );
    await until('the answer to the ping', () => answers().pings === 1);
    expect(answers().acknowledged).toEqual([]);
    running.settleNext();
    await until('one acknowledgement', () => answers().acknowledged.length === 1);
    running.settleNext();
    await until('two acknowledgements', () => answers().acknowledged.length === 2);
    expect(answers().acknowledged).toEqual([1, 2]);
  });

  it('closes the connection unacknowledged when the journal refuses it', async () => {
    running = await runBroker();
    const { socket, answers } = await login('client-a');
    running.hold();
    const gone = closed(socket);
    socket.write(publishPacket(TOPIC, 'one', 1, 1));
    await until('it waits', () => running.accepted.length === 1);
    running.settleNext(new Error('no space'));
    await gone;
    expect(answers().acknowledged).toEqual([]);
    expect(running.broker.counters().unkept).toBe(1);
  });

  it('reaches who subscribed to it meanwhile', async () => {
    running = await runBroker();
    const listener = running.connect({ clientId: 'listener' });
    await connected(listener);
    const { socket } = await login('client-a');
    socket.write(publishPacket(TOPIC, 'unheard', 1, 1));
    await until('it is kept', () => running.accepted.length === 1);
    const heard: string[] = [];
    listener.on('message', (_topic, payload) => heard.push(payload.toString()));
    await listener.subscribeAsync(TOPIC);
    socket.write(publishPacket(TOPIC, 'heard', 1, 2));
    await until('it is heard', () => heard.length === 1);
    expect(heard).toEqual(['heard']);
    expect(payloads()).toEqual(['unheard', 'heard']);
  });
});

function payloads(): string[] {
  return running.accepted.map(({ payload }) => Buffer.from(payload).toString().slice(0, 10));
}

/** A stream of packets, the payloads of its telemetry in order, and what has to be answered. */
function script(kinds: readonly string[]): {
  stream: Buffer;
  sent: string[];
  acknowledged: number[];
  pings: number;
} {
  const packets: Buffer[] = [];
  const sent: string[] = [];
  const acknowledged: number[] = [];
  let pings = 0;
  for (const [index, kind] of kinds.entries()) {
    const packetId = index + 1;
    const payload = `${index}.`.padEnd(10, '.');
    if (kind === 'ping') {
      packets.push(PINGREQ);
      pings += 1;
      continue;
    }
    if (kind === 'reply') {
      packets.push(publishPacket('devices/a/commands/c/reply', '{"status":"ok"}', 1, packetId));
      acknowledged.push(packetId);
      continue;
    }
    sent.push(payload);
    if (kind === 'long') {
      // Longer than what is gathered: it goes through Aedes.
      packets.push(publishPacket(TOPIC, payload + 'x'.repeat(20_000), 1, packetId));
      acknowledged.push(packetId);
    } else if (kind === '2') {
      packets.push(publishPacket(TOPIC, payload, 2, packetId), pubrelPacket(packetId));
      acknowledged.push(packetId);
    } else if (kind === '1') {
      packets.push(publishPacket(TOPIC, payload, 1, packetId));
      acknowledged.push(packetId);
    } else {
      packets.push(publishPacket(TOPIC, payload, 0));
    }
  }
  return { stream: Buffer.concat(packets), sent, acknowledged, pings };
}

async function login(
  clientId: string,
): Promise<{ socket: Socket; answers: () => { acknowledged: number[]; pings: number } }> {
  const socket = await running.raw();
  let bytes = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    bytes = Buffer.concat([bytes, chunk]);
  });
  socket.write(connectPacket({ clientId, username: 'a', password: TOKEN, clean: true }));
  await until('CONNACK', () => bytes.length >= CONNACK_BYTES);
  return { socket, answers: () => answersIn(bytes.subarray(CONNACK_BYTES)) };
}

/** Every answer here is at most four bytes: PUBACK, PUBREC, PUBCOMP with a packet id, and PINGRESP. */
function answersIn(bytes: Buffer): { acknowledged: number[]; pings: number } {
  const acknowledged: number[] = [];
  let pings = 0;
  for (let offset = 0; offset < bytes.length; offset += 2 + (bytes[offset + 1] ?? 0)) {
    const type = bytes[offset];
    if (type === PINGRESP) pings += 1;
    // PUBACK and PUBREC: PUBCOMP follows the latter for the same packet.
    else if (type === 0x40 || type === 0x50) acknowledged.push(bytes.readUInt16BE(offset + 2));
  }
  return { acknowledged, pings };
}

async function writeCut(socket: Socket, stream: Buffer, cuts: readonly number[]): Promise<void> {
  const places = [...cuts.map((cut) => cut % (stream.length + 1)), stream.length].toSorted((a, b) => a - b);
  let from = 0;
  for (const place of places) {
    socket.write(stream.subarray(from, place));
    from = place;
    // So that the parts arrive as such.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

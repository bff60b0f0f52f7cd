import { afterEach, describe, expect, it } from 'vitest';
import { connectPacket, publishPacket, pubrelPacket } from './packets.ts';
import { closed, connected, type RunningBroker, runBroker, TOKEN, until } from './running-broker.ts';

const COMMANDS = 'devices/a/commands';
const TELEMETRY = 'devices/a/telemetry';
let running: RunningBroker;

afterEach(() => running.stop());

/** Lets a session subscribe to commands and go away. */
async function away(clientId: string): Promise<void> {
  const client = running.connect({ clientId, clean: false });
  await connected(client);
  await client.subscribeAsync(COMMANDS, { qos: 1 });
  await client.endAsync();
}

/** Comes back and gives the first commands that were kept. */
async function back(clientId: string, count: number): Promise<readonly string[]> {
  const client = running.connect({ clientId, clean: false });
  const heard: string[] = [];
  client.on('message', (_topic, payload) => heard.push(payload.toString()));
  await connected(client);
  await until('the commands', () => heard.length === count);
  // A round trip behind them: their acknowledgements have arrived too, and nothing more came.
  await client.publishAsync(TELEMETRY, '{"event":"x"}', { qos: 1 });
  await client.endAsync();
  return heard;
}

async function command(...names: readonly string[]): Promise<void> {
  for (const name of names) await running.broker.publish(COMMANDS, name, { qos: 1 });
}

describe('messages for a device that is away', () => {
  it('are kept up to a number; the newest are dropped', async () => {
    running = await runBroker({ maxQueuedMessages: 3 });
    await away('s');
    await command('1', '2', '3', '4', '5');
    expect(running.broker.counters().dropped).toBe(2);
    expect(running.log.at(-1)).toMatchObject({ level: 'warn', fields: { clientId: 's' } });
    expect(await back('s', 3)).toEqual(['1', '2', '3']);
    await command('6', '7', '8');
    expect(running.broker.counters().dropped).toBe(2);
    expect(await back('s', 3)).toEqual(['6', '7', '8']);
  });

  it('are kept up to a size', async () => {
    running = await runBroker({ maxQueuedBytes: 1000 });
    await away('s');
    await command('a'.repeat(600), 'b'.repeat(600), 'c');
    expect(running.broker.counters().dropped).toBe(1);
    expect((await back('s', 2)).map((payload) => payload[0])).toEqual(['a', 'b']);
  });

  it('are dropped with a session that made room for another', async () => {
    running = await runBroker({ maxQueuedMessages: 3, maxClientsPerUser: 1 });
    await away('old');
    await command('1', '2', '3');
    await away('new');
    await away('old');
    await command('4', '5', '6');
    expect(running.broker.counters().dropped).toBe(0);
    expect(await back('old', 3)).toEqual(['4', '5', '6']);
  });

  it('stay where others come under ever new client ids with clean sessions', async () => {
    running = await runBroker({ maxClientsPerUser: 3 });
    await away('lasts');
    await command('1');
    for (let n = 0; n < 5; n += 1) {
      const fleeting = running.connect({ clientId: `fleeting-${n}`, clean: true });
      await connected(fleeting);
      await fleeting.endAsync();
      await until('the broker noticed', () => running.broker.counters().connections === 0);
    }
    expect(await back('lasts', 1)).toEqual(['1']);
  });

  it('reach a device that is there, even where too many of its others wait', async () => {
    running = await runBroker({ maxQueuedMessages: 2 });
    const client = running.connect({ clientId: 's', clean: false });
    const heard: string[] = [];
    client.on('message', (_topic, payload) => heard.push(payload.toString()));
    await connected(client);
    await client.subscribeAsync(COMMANDS, { qos: 1 });
    await Promise.all(['1', '2', '3', '4', '5'].map((name) => command(name)));
    await until('all of them', () => heard.length === 5);
    expect(client.connected).toBe(true);
  });
});

describe('what a device sends', () => {
  it('is never retained, so that its topics take no memory', async () => {
    running = await runBroker();
    const client = running.connect();
    const heard: string[] = [];
    client.on('message', (_topic, payload) => heard.push(payload.toString()));
    await connected(client);
    await client.publishAsync(`${COMMANDS}/c1/reply`, 'before', { qos: 1, retain: true });
    await client.subscribeAsync('devices/a/#', { qos: 1 });
    await client.publishAsync(`${COMMANDS}/c1/reply`, 'after', { qos: 1 });
    await until('it was heard', () => heard.length > 0);
    expect(heard).toEqual(['after']);
  });

  it('closes the connection when too much of QoS 2 waits for its PUBREL, and not when it is released', async () => {
    running = await runBroker({ maxQueuedBytes: 1000 });
    const socket = await running.raw();
    const answer: number[] = [];
    socket.on('data', (chunk) => answer.push(...chunk));
    const gone = closed(socket);
    socket.write(connectPacket({ clientId: 'raw', username: 'a', password: TOKEN, clean: true }));
    const send = async (id: number, release: boolean) => {
      const before = answer.length;
      socket.write(publishPacket(`${COMMANDS}/c/reply`, 'x'.repeat(600), 2, id));
      await until('PUBREC', () => answer.length === before + 4);
      if (!release) return;
      socket.write(pubrelPacket(id));
      await until('PUBCOMP', () => answer.length === before + 8);
    };
    await until('CONNACK', () => answer.length === 4);
    for (let id = 1; id <= 10; id += 1) await send(id, true);
    await send(11, false);
    await send(12, false);
    socket.write(publishPacket(`${COMMANDS}/c/reply`, 'x', 2, 13));
    await gone;
    expect(running.broker.counters().faults).toBe(1);
  });

  it('is never heard emptied by who subscribed while it was being kept', async () => {
    running = await runBroker();
    const client = running.connect();
    const heard: string[] = [];
    client.on('message', (_topic, payload) => heard.push(payload.toString()));
    await connected(client);
    running.hold();
    const first = client.publishAsync(TELEMETRY, 'first', { qos: 1 });
    await until('it was let in', () => running.accepted.length === 1);
    await client.subscribeAsync(TELEMETRY, { qos: 1 });
    running.release();
    await first;
    await client.publishAsync(TELEMETRY, 'second', { qos: 1 });
    await until('the second was heard', () => heard.includes('second'));
    expect(heard).toEqual(['second']);
  });
});

describe('packets that come in part', () => {
  it('are bounded for all together: who holds one back for longest is disconnected', async () => {
    running = await runBroker({ maxHalfReceivedBytes: 3000 });
    const login = (clientId: string) =>
      connectPacket({ clientId, username: 'a', password: TOKEN, clean: true });
    const half = publishPacket(TELEMETRY, 'x'.repeat(2500), 1, 1);
    const slow = await running.raw();
    slow.resume();
    const gone = closed(slow);
    slow.write(Buffer.concat([login('slow'), half.subarray(0, 2000)]));
    await until('the half', () => running.broker.counters().halfReceivedBytes > 1900);
    const quick = await running.raw();
    const answer: number[] = [];
    quick.on('data', (chunk) => answer.push(...chunk));
    quick.write(Buffer.concat([login('quick'), half.subarray(0, 2000)]));
    await gone;
    quick.write(half.subarray(2000));
    await until('PUBACK', () => answer.length === 8);
    expect(running.broker.counters()).toMatchObject({ halfReceivedBytes: 0, connections: 1, faults: 1 });
  });

  it('count before the login too', async () => {
    running = await runBroker({ maxHalfReceivedBytes: 3000 });
    const connect = connectPacket({ clientId: 'x', username: 'a', password: 'p'.repeat(5000), clean: true });
    const stranger = await running.raw();
    stranger.resume();
    const gone = closed(stranger);
    stranger.write(connect.subarray(0, 4000));
    await gone;
    expect(running.broker.counters().halfReceivedBytes).toBe(0);
  });
});

it('connections beyond the bound are refused', async () => {
  running = await runBroker({ maxConnections: 1 });
  const client = running.connect();
  await connected(client);
  const stranger = await running.raw();
  stranger.resume();
  await closed(stranger);
  expect(running.broker.counters().connections).toBe(1);
  expect(running.log.at(-1)?.message).toContain('too many are open');
});

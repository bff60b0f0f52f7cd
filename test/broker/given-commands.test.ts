import { afterEach, describe, expect, it } from 'vitest';
import { hashToken } from '../../broker/credentials.ts';
import type { BrokerPorts } from '../../broker/ports.ts';
import { connectPacket, publishPacket, pubrelPacket } from './packets.ts';
import { connected, type RunningBroker, runBroker, TOKEN, until } from './running-broker.ts';
import { afterCrash, TestMap } from './test-map.ts';

const running: RunningBroker[] = [];
/** Commands in the order in which they were given. */
let given: string[] = [];
let failure: Error | null = null;

afterEach(async () => {
  given = [];
  failure = null;
  await Promise.all(running.splice(0).map((one) => one.stop()));
});

/** A broker with a service account that may give commands. */
async function run(map: TestMap, more: Partial<BrokerPorts> = {}): Promise<RunningBroker> {
  const one = await runBroker(
    {},
    {
      sessions: map,
      findUser: async (id) =>
        id === 'hub'
          ? {
              principal: { kind: 'service', id, publish: ['devices/+/commands', 'spBv1.0/#'], subscribe: [] },
              tokenHashes: [hashToken(TOKEN)],
            }
          : null,
      giveCommand: async ({ payload }) => {
        if (failure !== null) throw failure;
        given.push(Buffer.from(payload).toString());
        return null;
      },
      ...more,
    },
  );
  running.push(one);
  return one;
}

/** Sends bytes behind a login to the session of the service account, and waits for so many bytes behind CONNACK. */
async function answers(one: RunningBroker, count: number, ...packets: Buffer[]): Promise<number[]> {
  const socket = await one.raw();
  const heard: number[] = [];
  socket.on('data', (chunk: Buffer) => heard.push(...chunk));
  const login = connectPacket({ clientId: 'hub', username: 'hub', password: TOKEN, clean: false });
  socket.write(Buffer.concat([login, ...packets]));
  await until('it is answered or closed', () => heard.length >= 4 + count || socket.destroyed);
  socket.destroy();
  return heard.slice(4);
}

const command = (payload: string, dup: boolean) => publishPacket('devices/a/commands', payload, 2, 7, dup);
const PUBREC = [0x50, 2, 0, 7];
const PUBCOMP = [0x70, 2, 0, 7];

describe('a command of QoS 2 from a service account', () => {
  it('is given once, however often it comes before its PUBREL, also to another process [MQTT-4.3.3-2]', async () => {
    const map = new TestMap();
    const one = await run(map);
    expect(await answers(one, 8, command('unlock', false), command('unlock', true))).toEqual([
      ...PUBREC,
      ...PUBREC,
    ]);
    expect(await answers(one, 4, command('unlock', true))).toEqual(PUBREC);
    const two = await run(afterCrash(map));
    expect(await answers(two, 4, command('unlock', true))).toEqual(PUBREC);
    expect(given).toEqual(['unlock']);
    expect(await answers(two, 4, pubrelPacket(7))).toEqual(PUBCOMP);
    expect(await answers(two, 4, command('lock', false))).toEqual(PUBREC);
    expect(given).toEqual(['unlock', 'lock']);
  });

  it('comes again where it could not be kept', async () => {
    const one = await run(new TestMap());
    failure = new Error('disk full');
    expect(await answers(one, 4, command('unlock', false))).toEqual([]);
    failure = null;
    expect(await answers(one, 4, command('unlock', true))).toEqual(PUBREC);
    expect(given).toEqual(['unlock']);
  });
});

describe('a will of a service account', () => {
  it('is a command, or the telemetry of whom it speaks for, also where the gateway was killed before', async () => {
    const map = new TestMap();
    const heard = (one: RunningBroker) => one.accepted.map(({ userId, topic }) => `${userId} ${topic}`);
    const start = (sessions: TestMap) =>
      run(sessions, { findByAliases: async (aliases) => (aliases.length > 0 ? 'a' : null) });
    const one = await start(map);
    const wills = { hub: 'devices/a/commands', gate: 'spBv1.0/plant/NDEATH/gate' };
    for (const [clientId, topic] of Object.entries(wills))
      await connected(
        one.connect({
          clientId,
          username: 'hub',
          will: { topic, payload: Buffer.from('stop'), qos: 1, retain: false },
        }),
      );
    const two = await start(afterCrash(map));
    expect(given).toEqual(['stop']);
    expect(heard(two)).toEqual(['a spBv1.0/plant/NDEATH/gate']);
  });
});

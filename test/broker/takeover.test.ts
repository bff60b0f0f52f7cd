import { afterEach, describe, expect, it } from 'vitest';
import { connectPacket, connectWithWill, packet, publishPacket, pubrelPacket, text } from './packets.ts';
import { connected, type RunningBroker, runBroker, TOKEN, until } from './running-broker.ts';
import { afterCrash, TestMap } from './test-map.ts';

const FILTER = 'devices/a/errors';
/** Of no telemetry, so that nothing but its packet id tells that it came before. */
const APPLIED = 'devices/a/config/reported';

const running: RunningBroker[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.stop()));
});

/** Bytes on a connection of their own, and what is answered. */
async function raw(one: RunningBroker, bytes: Uint8Array) {
  const socket = await one.raw();
  const heard = { bytes: Buffer.alloc(0), isOpen: true };
  socket.on('data', (chunk: Buffer) => {
    heard.bytes = Buffer.concat([heard.bytes, chunk]);
  });
  socket.on('close', () => {
    heard.isOpen = false;
  });
  socket.write(bytes);
  return { socket, heard };
}

/** A session of device `a` that lasts, with a subscription and a message of QoS 2 that is not released yet. */
async function lasting() {
  const map = new TestMap();
  const one = await runBroker({}, { sessions: map });
  running.push(one);
  const published: string[] = [];
  const hears = one.connect({ clientId: 'hears' });
  hears.on('message', (topic) => published.push(topic));
  await connected(hears);
  await hears.subscribeAsync(APPLIED);
  const device = await raw(
    one,
    Buffer.concat([
      connectPacket({ clientId: 'lasts', username: 'a', password: TOKEN, clean: false }),
      packet(0x82, Buffer.of(0, 1), text(FILTER), Buffer.of(1)),
      publishPacket(APPLIED, '{"version":1}', 2, 7),
    ]),
  );
  await until('SUBACK and PUBREC', () => device.heard.bytes.length === 4 + 5 + 4);
  await until('it is heard', () => published.length === 1);
  return { one, map, device, published };
}

/** What is on disk of the session, when all that was noted before is there. */
async function kept(one: RunningBroker, map: TestMap): Promise<string[]> {
  await one.broker.publish('devices/b/config', String(performance.now()), { qos: 1, retain: true });
  return [...map.entries_.keys()].filter((key) => key.includes('/lasts')).sort();
}

const LASTING = ['owner/lasts', `subscription/lasts/${FILTER}`, 'unreleased/lasts/7'];

const clean = (username: string, password: string) =>
  connectPacket({ clientId: 'lasts', username, password, clean: true });

describe('a CONNECT with a clean session that is refused', () => {
  it.each([
    ['a wrong token', clean('a', 'wrong'), 5],
    ['an unknown user', clean('nobody', TOKEN), 5],
    ['another user', clean('b', TOKEN), 2],
  ])('for %s leaves the session of that client id as it was', async (_, bytes, code) => {
    const { one, map, device, published } = await lasting();
    expect(await kept(one, map)).toEqual(LASTING);
    const { heard } = await raw(one, bytes);
    await until('it is refused', () => !heard.isOpen);
    expect([...heard.bytes]).toEqual([0x20, 2, 0, code]);
    expect(await kept(one, map)).toEqual(LASTING);

    // Sent again it is the same message, and released by the same PUBREL.
    const before = device.heard.bytes.length;
    device.socket.write(
      Buffer.concat([publishPacket(APPLIED, '{"version":1}', 2, 7, true), pubrelPacket(7)]),
    );
    await until('PUBREC and PUBCOMP', () => device.heard.bytes.length === before + 8);
    device.socket.write(publishPacket(APPLIED, '{"version":2}', 1, 8));
    await until('the next one', () => published.length > 1);
    expect(published).toEqual([APPLIED, APPLIED]);
  });

  it('for a disk that takes no will leaves the session to the connection that goes on', async () => {
    const { one, map, device } = await lasting();
    map.failure = new Error('no space left');
    const { heard } = await raw(
      one,
      connectWithWill({ clientId: 'lasts', username: 'a', password: TOKEN, will: '{}' }),
    );
    await until('it is refused', () => !heard.isOpen);
    expect([...heard.bytes]).toEqual([0x20, 2, 0, 3]);
    map.failure = null;
    await until('there is room again', () => one.broker.sessionTrouble() === null);
    expect(device.heard.isOpen).toBe(true);
    expect(await kept(one, map)).toEqual(LASTING);
    expect(one.broker.counters().lastingSessions).toBe(1);

    // Its messages wait for it, also over a crash.
    device.socket.destroy();
    await until('it is gone', () => one.broker.counters().connections === 1);
    await one.broker.publish(FILTER, 'waits', { qos: 1 });
    const two = await runBroker({}, { sessions: afterCrash(map) });
    running.push(two);
    const back = await raw(
      two,
      connectPacket({ clientId: 'lasts', username: 'a', password: TOKEN, clean: false }),
    );
    await until('what waited', () => back.heard.bytes.includes('waits'));
    expect([...back.heard.bytes.subarray(0, 4)]).toEqual([0x20, 2, 1, 0]);
  });
});

describe('a CONNECT with a clean session that is let in', () => {
  it('ends the session that lasted, and takes over from who is connected [MQTT-3.1.2-6, MQTT-3.1.4-2]', async () => {
    const { one, map, device, published } = await lasting();
    const { heard, socket } = await raw(one, clean('a', TOKEN));
    await until('it is let in', () => heard.bytes.length === 4);
    expect([...heard.bytes]).toEqual([0x20, 2, 0, 0]);
    await until('the older one is closed', () => !device.heard.isOpen);
    expect(await kept(one, map)).toEqual([]);
    expect(one.broker.counters().lastingSessions).toBe(0);
    socket.write(publishPacket(APPLIED, '{"version":1}', 2, 7, true));
    await until('it counts as another message', () => published.length === 2);
  });

  it('is told 3 where the disk does not let go of the session; it is over all the same, also on disk later', async () => {
    const { one, map, device } = await lasting();
    map.failure = new Error('no space left');
    const { heard } = await raw(one, clean('a', TOKEN));
    await until('it is answered and closed', () => !heard.isOpen);
    expect([...heard.bytes]).toEqual([0x20, 2, 0, 3]);
    await until('the older one is closed', () => !device.heard.isOpen);
    map.failure = null;
    await until('there is room again', () => one.broker.sessionTrouble() === null);
    expect(await kept(one, map)).toEqual([]);
    const back = await raw(
      one,
      connectPacket({ clientId: 'lasts', username: 'a', password: TOKEN, clean: false }),
    );
    await until('CONNACK', () => back.heard.bytes.length === 4);
    expect([...back.heard.bytes]).toEqual([0x20, 2, 0, 0]);
  });
});

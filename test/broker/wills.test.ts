import { duplexPair } from 'node:stream';
import type { MqttClient } from 'mqtt';
import { afterEach, describe, expect, it } from 'vitest';
import { connectWithWill } from './packets.ts';
import { closed, connected, type RunningBroker, runBroker, TOKEN, until } from './running-broker.ts';
import { afterCrash, TestMap } from './test-map.ts';

const TOPIC = 'devices/a/telemetry';

const running: RunningBroker[] = [];
let go: () => void = () => undefined;
afterEach(async () => {
  // A test that failed leaves nothing that waits for ever.
  go();
  await Promise.all(running.splice(0).map((one) => one.stop()));
});

async function run(map: TestMap): Promise<RunningBroker> {
  const one = await runBroker({}, { sessions: map });
  running.push(one);
  return one;
}

/** A client of device `a` with a will. */
function willing(
  one: RunningBroker,
  payload: string,
  more: { readonly clean?: boolean; readonly qos?: 0 | 1 | 2 } = {},
): MqttClient {
  const { clean = true, qos = 1 } = more;
  return one.connect({
    clientId: 'w',
    clean,
    will: { topic: TOPIC, payload: Buffer.from(payload), qos, retain: false },
  });
}

const published = (one: RunningBroker) => one.accepted.map(({ payload }) => payload.toString());

/** Has all writes wait until `go` is called. */
function holdWrites(map: TestMap): void {
  const { promise, resolve } = Promise.withResolvers<void>();
  map.held = promise;
  map.writing = [];
  go = () => {
    map.held = null;
    resolve();
  };
}

/** A client that hangs up while its will is being written. */
async function hangUpEarly(
  one: RunningBroker,
  map: TestMap,
  left: number,
  meanwhile: () => Promise<void> = async () => undefined,
): Promise<void> {
  holdWrites(map);
  // Of a socket that is not read from nobody would see it.
  const [hasty, peer] = duplexPair();
  one.broker.handleWebSocket(peer);
  hasty.write(connectWithWill({ clientId: 'w', username: 'a', password: TOKEN, will: 'hasty' }));
  await until('its will is being written', () => map.writing.includes('will/w'));
  await meanwhile();
  peer.destroy();
  await until('it is gone', () => one.broker.counters().connections === left);
}

/** Time enough to come as far as the write that is under way. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await new Promise((done) => setImmediate(done));
}

/** Writes something of another client and waits for it, so that all that was noted before is on disk. */
async function written(one: RunningBroker): Promise<void> {
  await one.broker.publish('devices/b/config', String(performance.now()), { qos: 1, retain: true });
}

/** A client with a will that is connected, and stays so when another one of its id hangs up before CONNACK. */
async function beforeAHastyOne() {
  const map = new TestMap();
  const one = await run(map);
  const first = willing(one, 'first');
  await connected(first);
  await hangUpEarly(one, map, 1);
  go();
  await written(one);
  return { one, map, first };
}

/** What the next process publishes when this one is killed now. */
async function publishedAfterCrash(map: TestMap): Promise<string[]> {
  return published(await run(afterCrash(map)));
}

describe('a client that is taken over under its own id', () => {
  it.each([
    { clean: true, qos: 0 },
    { clean: true, qos: 2 },
    { clean: false, qos: 1 },
    { clean: false, qos: 2 },
  ] as const)('has its will published, each time: %j [MQTT-3.1.4-2, MQTT-3.1.2-8]', async (how) => {
    const one = await run(new TestMap());
    const payloads = Array.from({ length: 4 }, (_, n) => `will ${n}`);
    for (const payload of payloads) await connected(willing(one, payload, how));
    await until('all but the last', () => one.accepted.length >= 3);
    expect(published(one)).toEqual(payloads.slice(0, 3));
    expect(one.broker.counters().connections).toBe(1);
  });

  it('leaves the will of the new connection on disk', async () => {
    const map = new TestMap();
    const one = await run(map);
    await connected(willing(one, 'old'));
    await connected(willing(one, 'new'));
    await until('the old will', () => one.accepted.length === 1);
    await written(one);
    expect(await publishedAfterCrash(map)).toEqual(['new']);
  });

  it('leaves no will on disk where the new connection has none, or says goodbye', async () => {
    const map = new TestMap();
    const one = await run(map);
    await connected(willing(one, 'old'));
    const second = one.connect({ clientId: 'w' });
    await connected(second);
    await until('the old will', () => one.accepted.length === 1);
    await until('it is not on disk any more', () => map.keys('will').length === 0);
    const third = willing(one, 'new');
    await connected(third);
    expect(map.keys('will')).toEqual(['will/w']);
    await third.endAsync();
    await until('nor the new one', () => map.keys('will').length === 0);
    expect(published(one)).toEqual(['old']);
  });

  it('is taken over also when one that it refused to make way for came between', async () => {
    const { one, first } = await beforeAHastyOne();
    const gone = closed(first);
    await connected(willing(one, 'last'));
    await gone;
    await until('the will', () => one.accepted.length > 0);
    expect(published(one)).toEqual(['first']);
  });
});

describe('a client that hangs up before CONNACK', () => {
  it('takes no will away that was noted meanwhile', async () => {
    const map = new TestMap();
    const one = await run(map);
    await hangUpEarly(one, map, 0);
    const second = willing(one, 'second');
    const isConnected = connected(second);
    await until('it is there', () => one.broker.counters().connections === 1);
    await turns();
    go();
    await isConnected;
    await written(one);
    expect(await publishedAfterCrash(map)).toEqual(['second']);
  });

  it('brings no will back of a connection that ended meanwhile', async () => {
    const map = new TestMap();
    const one = await run(map);
    const first = willing(one, 'first');
    await connected(first);
    await hangUpEarly(one, map, 0, async () => {
      first.stream.destroy();
      await until('the will of the first', () => one.accepted.length === 1);
    });
    go();
    await until('no will is left', () => map.keys('will').length === 0);
    await written(one);
    expect(await publishedAfterCrash(map)).toEqual([]);
    expect(published(one)).toEqual(['first']);
  });

  it('brings back the will of the connection that goes on, and is no news', async () => {
    const { one, map } = await beforeAHastyOne();
    expect(await publishedAfterCrash(map)).toEqual(['first']);
    expect(one.log).toEqual([]);
    expect(one.broker.counters().faults).toBe(0);
  });

  it('brings back nothing of a device that was erased meanwhile', async () => {
    const map = new TestMap();
    const one = await run(map);
    await connected(willing(one, 'first'));
    await hangUpEarly(one, map, 1);
    const forgotten = one.broker.forget('a');
    await turns();
    go();
    await forgotten;
    await written(one);
    expect(map.keys('will')).toEqual([]);
    expect(published(one)).toEqual([]);
  });
});

import { afterEach, describe, expect, it } from 'vitest';
import type { DurableMap, MapChanges } from '../../broker/persistence/durable-map.ts';
import { connected, type RunningBroker, runBroker, until } from './running-broker.ts';

const DAY_MS = 86_400_000;
const START = 1_763_756_400_000;
const ERRORS = 'devices/a/errors';

const running: RunningBroker[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.stop()));
});

function mapOf(
  entries = new Map<string, Uint8Array>(),
): DurableMap & { readonly kept: Map<string, Uint8Array> } {
  return {
    kept: entries,
    async *entries() {
      yield* [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
    },
    async write(changes: MapChanges) {
      for (const [key, value] of changes) value === null ? entries.delete(key) : entries.set(key, value);
    },
  };
}

/** `now` is the time that went by; `set` by how much the clock was set beside it. */
interface Clock {
  now: number;
  set: number;
}

/** A broker that looks all the time, unless told otherwise, on a clock that the test sets. */
async function run(
  map: DurableMap,
  startAt = START,
  sessionSweepMs = 1,
): Promise<RunningBroker & { clock: Clock }> {
  const clock = { now: startAt, set: 0 };
  const one = await runBroker(
    { sessionSweepMs },
    { sessions: map, realNow: () => clock.now + clock.set, monotonicNow: () => clock.now },
  );
  running.push(one);
  return { ...one, clock };
}

const lasting = (one: RunningBroker, clientId: string) =>
  one.connect({ clientId, clean: false, keepalive: 0 });

/** Leaves a session with one message that waits for it. */
async function leave(one: RunningBroker, clientId: string): Promise<void> {
  const client = lasting(one, clientId);
  await connected(client);
  await client.subscribeAsync(ERRORS, { qos: 1 });
  await client.endAsync();
  await until('it is known to be away', () => one.broker.counters().connections === 0);
  await one.broker.publish(ERRORS, 'waits', { qos: 1 });
}

const left = (map: { readonly kept: Map<string, Uint8Array> }, clientId: string) =>
  [...map.kept.keys()].filter((key) => key.split('/')[1] === clientId);

describe('a session that lasts', () => {
  it('ends when nobody has connected for 30 days, with all that was kept of it, and is told and counted', async () => {
    const map = mapOf();
    const one = await run(map);
    await leave(one, 'away');
    expect(left(map, 'away')).toHaveLength(3);
    const there = lasting(one, 'there');
    await connected(there);
    one.clock.now = START + 30 * DAY_MS - 1;
    await until('it has been looked', () =>
      String(map.kept.get('owner/there')).includes(String(one.clock.now)),
    );
    expect(one.broker.counters()).toMatchObject({ lastingSessions: 2, expiredSessions: 0 });
    one.clock.now = START + 30 * DAY_MS;
    await until('it has ended', () => one.broker.counters().expiredSessions === 1);
    expect(one.broker.counters().lastingSessions).toBe(1);
    await until('nothing is left on disk', () => left(map, 'away').length === 0);
    expect(one.log.filter(({ message }) => /nobody had connected/.test(message))).toMatchObject([
      { level: 'info', fields: { sessions: 1 } },
    ]);
    expect(await connected(lasting(one, 'away'))).toEqual({ sessionPresent: false });
  });

  it('does not end while it is connected, however long, nor soon after', async () => {
    const map = mapOf();
    const one = await run(map);
    const client = lasting(one, 'there');
    await connected(client);
    await client.subscribeAsync(ERRORS, { qos: 1 });
    await leaveSecond(one);
    one.clock.now = START + 100 * DAY_MS;
    await until('the other one has ended', () => one.broker.counters().expiredSessions === 1);
    expect(client.connected).toBe(true);
    await client.endAsync();
    await until('it is known to be away', () => one.broker.counters().connections === 0);
    one.clock.now += 29 * DAY_MS;
    expect(await connected(lasting(one, 'there'))).toEqual({ sessionPresent: true });
    expect(one.broker.counters().expiredSessions).toBe(1);
  });

  it('is measured over restarts, by when it was connected last, and has an hour to come back', async () => {
    const map = mapOf();
    const one = await run(map);
    await leave(one, 'away');
    // What an earlier version wrote tells no time: it counts from now on.
    const copy = new Map(map.kept).set('owner/old', Buffer.from('"b"'));

    const late = mapOf(new Map(copy));
    const two = await run(late, START + 60 * DAY_MS);
    await until('the time of the old one is on disk', () =>
      String(late.kept.get('owner/old')).includes('seenAt'),
    );
    expect(two.broker.counters()).toMatchObject({ lastingSessions: 2, expiredSessions: 0 });
    two.clock.now += 3_600_000;
    await until('the one has ended', () => two.broker.counters().expiredSessions === 1);
    expect(left(late, 'away')).toEqual([]);
    expect(left(late, 'old')).toEqual(['owner/old']);

    const soon = await run(mapOf(new Map(copy)), START + 20 * DAY_MS);
    soon.clock.now += 12 * DAY_MS;
    await until('20 days and 12 are too many', () => soon.broker.counters().expiredSessions === 1);
    expect(soon.broker.counters().lastingSessions).toBe(1);
  });
});

describe('when a session was last connected', () => {
  it('is on disk from the connect on, not only from the next sweep on', async () => {
    const map = mapOf();
    const one = await run(map);
    await leave(one, 'away');
    await one.stop();
    const two = await run(map, START + 20 * DAY_MS, 600_000);
    const client = lasting(two, 'away');
    await connected(client);
    await two.stop();
    expect(seenAt(map, 'away')).toBe(START + 20 * DAY_MS);
  });

  it('is not put off by restarts, were there one a day', async () => {
    const map = mapOf();
    const one = await run(map);
    await leave(one, 'away');
    await one.stop();
    for (let day = 1; day <= 5; day += 1) {
      const next = await run(map, START + day * DAY_MS);
      const there = lasting(next, `there-${day}`);
      await connected(there);
      next.clock.now += 2;
      await until('it has been looked', () => left(map, `there-${day}`).length > 0);
      await swept();
      await next.stop();
    }
    expect(seenAt(map, 'away')).toBe(START);
  });

  it('has an hour left when the clock is set forward', async () => {
    const one = await run(mapOf());
    await leave(one, 'away');
    one.clock.set = 1000 * DAY_MS;
    await swept();
    one.clock.now += 3_599_999;
    await swept();
    expect(one.broker.counters()).toMatchObject({ lastingSessions: 1, expiredSessions: 0 });
    one.clock.now += 1;
    await until('it has ended', () => one.broker.counters().expiredSessions === 1);
  });

  it('is now when the clock is set back, also on disk', async () => {
    const map = mapOf();
    const one = await run(map);
    await leave(one, 'away');
    one.clock.set = -1000 * DAY_MS;
    await until('it is on disk', () => seenAt(map, 'away') === START - 1000 * DAY_MS);
    one.clock.now += 30 * DAY_MS - 1;
    await swept();
    expect(one.broker.counters().expiredSessions).toBe(0);
    one.clock.now += 1;
    await until('it has ended', () => one.broker.counters().expiredSessions === 1);
  });
});

/** Several sweeps have gone by: they come a millisecond apart, by timers that fire in their order. */
async function swept(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((done) => setTimeout(done, 2));
}

const seenAt = (map: { readonly kept: Map<string, Uint8Array> }, clientId: string): unknown =>
  JSON.parse(Buffer.from(map.kept.get(`owner/${clientId}`) ?? Buffer.from('{}')).toString()).seenAt;

async function leaveSecond(one: RunningBroker): Promise<void> {
  const client = lasting(one, 'other');
  await connected(client);
  await client.endAsync();
  await until('it is known to be away', () => one.broker.counters().connections === 1);
}

import { afterEach, describe, expect, it } from 'vitest';
import { hashToken } from '../../broker/credentials.ts';
import { OVERHEAD_BYTES } from '../../broker/limits.ts';
import type { Principal } from '../../broker/principal.ts';
import {
  closed,
  connected,
  type RunningBroker,
  refusalOf,
  runBroker,
  TOKEN,
  until,
} from './running-broker.ts';

const HASH = hashToken(TOKEN);
let running: RunningBroker;
/** Changed by tests while the broker runs. */
const users = new Map<string, Principal>();

afterEach(() => running.stop());

async function start(): Promise<void> {
  users.clear();
  for (const id of ['a', 'b']) users.set(id, { kind: 'device', id });
  users.set('grafana', { kind: 'service', id: 'grafana', publish: [], subscribe: ['devices/+/telemetry'] });
  users.set('partner', {
    kind: 'service',
    id: 'partner',
    publish: ['devices/a/telemetry', 'home/+'],
    subscribe: ['devices/a/#', 'home/#'],
  });
  running = await runBroker(
    {},
    {
      findUser: async (name) => {
        const principal = users.get(name);
        return principal === undefined ? null : { principal, tokenHashes: [HASH] };
      },
    },
  );
}

async function client(username: string, options: object = {}) {
  const one = running.connect({ username, clientId: `client-${username}`, ...options });
  const heard: [string, string][] = [];
  one.on('message', (topic, payload) => heard.push([topic, payload.toString()]));
  return { one, heard, ...(await connected(one)) };
}

/** QoS that was granted for a filter; 128 where it was refused. */
async function granted(one: Awaited<ReturnType<typeof client>>['one'], filter: string, qos: 0 | 1 | 2 = 1) {
  const answer = await one.subscribeAsync(filter, { qos }).catch((error: { message: string }) => error);
  return 'message' in answer ? 128 : answer[0]?.qos;
}

describe('a service account', () => {
  it('hears the telemetry that its filters allow, from devices that connected before and after', async () => {
    await start();
    const a = await client('a');
    await a.one.publishAsync('devices/a/telemetry', 'before', { qos: 1 });
    const grafana = await client('grafana');
    expect(await granted(grafana.one, 'devices/+/telemetry')).toBe(1);
    const b = await client('b');
    await a.one.publishAsync('devices/a/telemetry', 'from a', { qos: 1 });
    await b.one.publishAsync('devices/b/telemetry', 'from b', { qos: 1 });
    await until('both were heard', () => grafana.heard.length === 2);
    expect(grafana.heard).toEqual([
      ['devices/a/telemetry', 'from a'],
      ['devices/b/telemetry', 'from b'],
    ]);
    expect(running.accepted).toHaveLength(3);
    await grafana.one.unsubscribeAsync('devices/+/telemetry');
    await a.one.publishAsync('devices/a/telemetry', 'after', { qos: 1 });
    await granted(grafana.one, 'devices/b/telemetry');
    await b.one.publishAsync('devices/b/telemetry', 'again', { qos: 1 });
    await until('the next was heard', () => grafana.heard.length === 3);
    expect(grafana.heard[2]).toEqual(['devices/b/telemetry', 'again']);
    expect(running.accepted).toHaveLength(5);
  });

  it('keeps hearing in a session that lasts, while it is away', async () => {
    await start();
    const first = await client('grafana', { clean: false });
    await granted(first.one, 'devices/+/telemetry');
    await first.one.endAsync();
    const a = await client('a');
    await a.one.publishAsync('devices/a/telemetry', 'missed', { qos: 1 });
    const second = await client('grafana', { clean: false });
    await until('it was heard', () => second.heard.length === 1);
    expect(second.heard).toEqual([['devices/a/telemetry', 'missed']]);
  });

  it('is granted no filter that would bring more than is allowed', async () => {
    await start();
    const { one } = await client('grafana');
    for (const filter of [
      'devices/#',
      '#',
      'devices/+/+',
      'devices/+/commands',
      '+/+/telemetry',
      '$SYS/#',
      '$share/g/devices/+/telemetry',
    ])
      expect([filter, await granted(one, filter)]).toEqual([filter, 128]);
    expect(await granted(one, 'devices/a/telemetry')).toBe(1);
    expect(one.connected).toBe(true);
  });

  it('speaks for a device: what it publishes is kept as that device’s, acknowledged then, and heard', async () => {
    await start();
    const grafana = await client('grafana');
    await granted(grafana.one, 'devices/+/telemetry');
    const partner = await client('partner');
    running.hold();
    let acknowledged = false;
    const done = partner.one.publishAsync('devices/a/telemetry', '{"event":"x"}', { qos: 1 }).then(() => {
      acknowledged = true;
    });
    await until('it was let in', () => running.accepted.length === 1);
    await granted(partner.one, 'home/x');
    expect(acknowledged).toBe(false);
    running.settleNext();
    await done;
    expect(running.accepted[0]).toMatchObject({
      userId: 'a',
      clientId: 'client-partner',
      topic: 'devices/a/telemetry',
    });
    await until('it was heard', () => grafana.heard.length === 1);
    const gone = closed(partner.one);
    partner.one.publish('devices/b/telemetry', '{}', { qos: 1 });
    await gone;
    expect(running.accepted).toHaveLength(1);
  });

  it('uses other topics as it is allowed to, and none of the broker’s', async () => {
    await start();
    const partner = await client('partner');
    await granted(partner.one, 'home/#');
    await partner.one.publishAsync('home/lamp', 'on', { qos: 1 });
    await until('it was heard', () => partner.heard.length === 1);
    for (const topic of ['home/a/b', '$SYS/x', 'home']) {
      const other = await client('partner', { clientId: `other-${topic.length}` });
      const gone = closed(other.one);
      other.one.publish(topic, 'x', { qos: 1 });
      await gone;
    }
    expect(running.accepted).toEqual([]);
  });

  it('has no topics of its own name, unlike a device', async () => {
    await start();
    const { one } = await client('grafana');
    expect(await granted(one, 'devices/grafana/commands')).toBe(128);
    const gone = closed(one);
    one.publish('devices/grafana/telemetry', '{}');
    await gone;
    expect(running.accepted).toEqual([]);
  });
});

describe('a session that resumes', () => {
  it('is authorised anew: what is not allowed any more is dropped, with what waited of it', async () => {
    await start();
    const first = await client('partner', { clean: false });
    await granted(first.one, 'devices/a/#');
    await granted(first.one, 'home/#');
    await first.one.endAsync();
    await running.broker.publish('devices/a/commands', 'waits', { qos: 1 });
    await running.broker.publish('home/lamp', 'waits', { qos: 1 });
    users.set('partner', { kind: 'service', id: 'partner', publish: [], subscribe: ['home/#'] });
    const second = await client('partner', { clean: false });
    expect(second.sessionPresent).toBe(true);
    await running.broker.publish('devices/a/commands', 'now', { qos: 1 });
    await running.broker.publish('home/lamp', 'now', { qos: 1 });
    await until('what is allowed was heard', () => second.heard.length === 2);
    expect(second.heard).toEqual([
      ['home/lamp', 'waits'],
      ['home/lamp', 'now'],
    ]);
    await second.one.endAsync();
    // What it may hear again it has to subscribe to again.
    users.set('partner', {
      kind: 'service',
      id: 'partner',
      publish: [],
      subscribe: ['devices/a/#', 'home/#'],
    });
    await running.broker.publish('devices/a/commands', 'not for it', { qos: 1 });
    const third = await client('partner', { clean: false });
    // At QoS 0, as one of QoS 1 may come twice to a session that is just resuming.
    await running.broker.publish('home/lamp', 'last');
    await until('the last was heard', () => third.heard.length > 0);
    expect(third.heard).toEqual([['home/lamp', 'last']]);
  });

  it('never becomes that of another user', async () => {
    await start();
    const first = await client('a', { clientId: 'shared', clean: false });
    await granted(first.one, 'devices/a/commands');
    await first.one.endAsync();
    await running.broker.publish('devices/a/commands', 'secret', { qos: 1 });
    expect(await refusalOf(running.connect({ username: 'b', clientId: 'shared', clean: false }))).toBe(2);
    expect(await refusalOf(running.connect({ username: 'grafana', clientId: 'shared' }))).toBe(2);
    const again = await client('a', { clientId: 'shared', clean: false });
    await until('its owner gets it', () => again.heard.length === 1);
  });

  it('stores no subscription that was refused beside one that was granted', async () => {
    await start();
    const first = await client('grafana', { clean: false });
    await first.one
      .subscribeAsync({ 'devices/+/telemetry': { qos: 1 }, 'home/#': { qos: 1 } })
      .catch(() => undefined);
    await first.one.endAsync();
    users.set('grafana', {
      kind: 'service',
      id: 'grafana',
      publish: [],
      subscribe: ['devices/+/telemetry', 'home/#'],
    });
    await running.broker.publish('home/lamp', 'not for it', { qos: 1 });
    const second = await client('grafana', { clean: false });
    const a = await client('a');
    await a.one.publishAsync('devices/a/telemetry', '{}', { qos: 1 });
    await until('telemetry was heard', () => second.heard.length === 1);
    expect(second.heard).toEqual([['devices/a/telemetry', '{}']]);
  });
});

describe('a user that is forgotten', () => {
  it('is disconnected, and leaves nothing to who comes by its name and client id', async () => {
    await start();
    const first = await client('partner', { clean: false });
    await granted(first.one, 'home/#');
    const gone = closed(first.one);
    await running.broker.forget('partner');
    await gone;
    await running.broker.publish('home/lamp', 'not for it', { qos: 1 });
    const second = await client('partner', { clean: false });
    expect(second.sessionPresent).toBe(false);
    await second.one.endAsync();
    await running.broker.forget('partner');
    const other = await client('b', { clientId: 'client-partner', clean: false });
    expect(other.sessionPresent).toBe(false);
    expect(other.heard).toEqual([]);
  });
});

describe('a service account that speaks in dialects', () => {
  it('speaks for a device as soon as that is registered', async () => {
    let registered: string | null = null;
    let registrations = 0;
    running = await runBroker(
      {},
      {
        findUser: async (id) =>
          id === 'node-red'
            ? {
                principal: { kind: 'service', id, publish: ['owntracks/#'], subscribe: [] },
                tokenHashes: [HASH],
              }
            : null,
        findByAliases: async () => registered,
        registrations: () => registrations,
      },
    );
    const { one } = await client('node-red');
    await one.publishAsync('owntracks/ada/phone', 'too early', { qos: 1 });
    registered = 'a';
    registrations += 1;
    await one.publishAsync('owntracks/ada/phone', 'now', { qos: 1 });
    expect(running.accepted.map(({ payload }) => payload.toString())).toEqual(['now']);
  });

  it('has its messages kept in order, whatever the records have to be asked meanwhile', async () => {
    const asked: string[] = [];
    const answers: (() => void)[] = [];
    running = await runBroker(
      {},
      {
        findUser: async (name) =>
          name !== 'node-red'
            ? null
            : {
                principal: {
                  kind: 'service',
                  id: name,
                  publish: ['spBv1.0/#', 'devices/a/telemetry'],
                  subscribe: [],
                },
                tokenHashes: [HASH],
              },
        findByAliases: async ([alias = '']) => {
          asked.push(alias);
          await new Promise<void>((resolve) => answers.push(resolve));
          return 'a';
        },
      },
    );
    const { one } = await client('node-red');
    const publish = (topic: string) => one.publishAsync(topic, 'x', { qos: 1 });
    const first = publish('spBv1.0/plant/NDATA/gate');
    await until('the first is asked about', () => answers.length === 1);
    answers.shift()?.();
    await first;
    // The second is known, and stands behind one that is not.
    const later = ['spBv1.0/plant/NBIRTH/gate', 'spBv1.0/plant/NDATA/gate', 'devices/a/telemetry'];
    const published = later.map(publish);
    await until('the birth is asked about', () => answers.length === 1);
    await until('all have come', () => running.broker.counters().inFlightBytes > 2 * OVERHEAD_BYTES);
    expect(running.accepted, 'nothing overtakes it').toHaveLength(1);
    answers.shift()?.();
    await Promise.all(published);
    expect(running.accepted.slice(1).map(({ topic }) => topic)).toEqual(later);
    expect(asked).toHaveLength(2);
    expect(running.broker.counters().inFlightBytes).toBe(0);
  });
});

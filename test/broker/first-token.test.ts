import { afterEach, describe, expect, it } from 'vitest';
import { hashToken } from '../../broker/credentials.ts';
import { closed, connected, type RunningBroker, refusalOf, runBroker, until } from './running-broker.ts';

const KEY = 'the-fleet-key';
const OWN = 'token-of-its-own';
let running: RunningBroker;
afterEach(() => running.stop());

/** A fleet of which each device may come in by the key until it has used its token. */
async function start() {
  const state = { issued: 0, used: [] as string[], known: new Set<string>() };
  running = await runBroker(
    {},
    {
      findUser: async (id) =>
        state.known.has(id)
          ? {
              principal: { kind: 'device', id },
              tokenHashes: [hashToken(OWN)],
              awaitsToken: !state.used.includes(id),
            }
          : null,
      provision: async (id, key) => {
        if (key !== KEY || state.used.includes(id)) return null;
        state.known.add(id);
        return 'fleet-1';
      },
      issueToken: async () => {
        state.issued += 1;
        return OWN;
      },
      ownTokenUsed: async (id) => void state.used.push(id),
    },
  );
  return state;
}

const connect = (password: string, more: object = {}) =>
  running.connect({ username: 'new-1', clientId: 'new-1', password, ...more });

describe('first contact over MQTT', () => {
  it('tells a device its own token when it subscribes, until it has used it', async () => {
    const state = await start();
    const first = connect(KEY);
    await connected(first);
    await first.publishAsync('devices/new-1/telemetry', '{"event":"born"}', { qos: 1 });
    expect(running.accepted[0]?.userId).toBe('new-1');
    const heard: string[] = [];
    first.on('message', (topic, payload) => heard.push(`${topic} ${payload.toString()}`));
    await first.subscribeAsync('devices/new-1/commands', { qos: 1 });
    await first.subscribeAsync('devices/new-1/+', { qos: 1 });
    await until('it was told', () => heard.length === 1);
    expect(heard).toEqual([`devices/new-1/token {"token":"${OWN}"}`]);
    await first.endAsync();

    const again = connect(KEY);
    await connected(again);
    await again.endAsync();
    const second = connect(OWN);
    await connected(second);
    expect(state.used).toEqual(['new-1']);
    await second.subscribeAsync('devices/new-1/token', { qos: 1 });
    await second.endAsync();
    expect(state.issued).toBe(1);
    expect(await refusalOf(connect(KEY))).toBe(5);
    expect(JSON.stringify(running.log)).not.toContain(OWN);
  });

  it('tells nobody else, and takes no such message from a device', async () => {
    await start();
    const other = running.connect({ username: 'new-2', clientId: 'new-2', password: KEY });
    await connected(other);
    await expect(other.subscribeAsync('devices/new-1/token')).rejects.toThrow();
    const gone = closed(other);
    other.publish('devices/new-2/token', '{"token":"x"}', { qos: 1 });
    await gone;
  });

  it('ends with the key', async () => {
    await start();
    const one = connect(KEY);
    await connected(one);
    const gone = closed(one);
    running.broker.disconnectFleet('fleet-1');
    await gone;
    expect(await refusalOf(connect('another-key'))).toBe(5);
  });
});

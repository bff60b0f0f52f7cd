import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { Aedes, type PublishPacket } from 'aedes';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { reconnectDelayMs } from '../../../gateway/bridge/back-off.ts';
import type { Arrived, Handling } from '../../../gateway/bridge/bridge-intake.ts';
import { openLink } from '../../../gateway/bridge/bridge-link.ts';
import type { Link, LinkEnd, ProtocolVersion } from '../../../gateway/bridge/link.ts';
import type { NotedFilters } from '../../../gateway/bridge/noted-filters.ts';
import { OrderedAcks } from '../../../gateway/bridge/ordered-acks.ts';

describe('acknowledgements over the bridge', () => {
  it('leave in the order in which the messages came, and several as one write', async () => {
    const written: number[][] = [];
    const acks = new OrderedAcks((bytes) => written.push([...bytes]));
    const [first, second, third] = [acks.expect(1), acks.expect(258), acks.expect(3)];
    third();
    second();
    await Promise.resolve();
    expect(written).toEqual([]);
    first();
    await Promise.resolve();
    expect(written).toEqual([[0x40, 2, 0, 1, 0x40, 2, 1, 2, 0x40, 2, 0, 3]]);
    expect(acks.waiting).toBe(0);
  });
});

describe('the wait before the next connection', () => {
  it('grows from half a second to half a minute, with a random half', () => {
    expect([1, 2, 3, 20].map((failures) => reconnectDelayMs(failures, 0))).toEqual([250, 500, 1_000, 15_000]);
    expect([1, 2, 20].map((failures) => reconnectDelayMs(failures, 1))).toEqual([500, 1_000, 30_000]);
  });
});

/** Aedes speaks MQTT 3.1.1 and nothing else. */
describe('a link to a broker of MQTT 3.1.1', () => {
  let broker: Aedes;
  let server: Server;
  let url: string;
  const links: Link[] = [];
  const noted = new Set<string>();
  const filters: NotedFilters = {
    all: async () => [...noted],
    note: async (added) => void added.map((filter) => noted.add(filter)),
    forget: async (gone) => void gone.map((filter) => noted.delete(filter)),
  };
  let refused: string[];
  let forgotten: number;
  let stopping: AbortController;

  beforeEach(async () => {
    noted.clear();
    refused = [];
    forgotten = 0;
    stopping = new AbortController();
    broker = await Aedes.createBroker();
    server = createServer(broker.handle).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    url = `mqtt://127.0.0.1:${address.port}`;
  });
  afterEach(async () => {
    for (const link of links.splice(0)) await link.close();
    await new Promise<void>((resolve) => broker.close(() => resolve()));
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });

  async function open(
    take: (message: Arrived) => Handling,
    version: ProtocolVersion = 4,
    group: string | null = null,
  ): Promise<Link | LinkEnd> {
    const settings = { url, username: null, password: null, ca: null, group, clientId: 'waysidetest' };
    const ports = {
      take,
      filters,
      onRefused: (one: string) => refused.push(one),
      onForgotten: () => {
        forgotten += 1;
      },
    };
    const opened = await openLink(settings, version, ports, stopping.signal);
    if (!('kind' in opened)) links.push(opened);
    return opened;
  }

  async function opened(...args: Parameters<typeof open>): Promise<Link> {
    const link = await open(...args);
    if ('kind' in link) throw new Error(link.message);
    return link;
  }

  function publish(topic: string, payload: string): Promise<void> {
    const packet: PublishPacket = { cmd: 'publish', topic, payload, qos: 1, retain: false, dup: false };
    return new Promise((resolve, reject) =>
      broker.publish(packet, (error) => (error ? reject(error) : resolve())),
    );
  }

  const text = ({ payload }: Arrived) => Buffer.from(payload).toString();
  const TAKEN: Handling = { kind: 'taken', kept: Promise.resolve() };

  it('tells when the broker has lost its session, not at the first time nor when it is still there', async () => {
    const ignored = (): Handling => ({ kind: 'passed_over' });
    await (await opened(ignored)).close();
    await (await opened(ignored)).close();
    expect(forgotten).toBe(0);
    await new Promise<void>((resolve) => broker.close(() => resolve()));
    await new Promise<void>((resolve) => server.close(() => resolve()));
    broker = await Aedes.createBroker();
    server = createServer(broker.handle).listen(Number(new URL(url).port), '127.0.0.1');
    await once(server, 'listening');
    await opened(ignored);
    expect(forgotten).toBe(1);
  });

  it('is not waited for where the broker says nothing and the gateway stops', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    url = `mqtt://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const opening = open(() => TAKEN);
    const [socket] = (await once(silent, 'connection')) as [Socket];
    const closed = once(socket.resume(), 'close');
    const began = performance.now();
    stopping.abort();
    expect(await opening).toMatchObject({ kind: 'failed', message: 'the gateway stops' });
    await closed;
    // It would be given up after 10 s.
    expect(performance.now() - began).toBeLessThan(5_000);
    await new Promise<void>((resolve) => silent.close(() => resolve()));
  });

  it('is refused as MQTT 5, says that another version is worth a try, and opens as 3.1.1, not shared', async () => {
    expect(await open(() => TAKEN, 5, 'depot')).toMatchObject({ kind: 'wrong_version' });
    const link = await opened(() => TAKEN, 4, 'depot');
    expect(link.shared).toBe(false);
    expect([...noted]).toContain('devices/+/telemetry');
  });

  it('acknowledges what is kept and nothing else, and gets the others again', async () => {
    const acked: (number | undefined)[] = [];
    broker.on('ack', (packet) => acked.push((packet as { messageId?: number }).messageId));
    const first: string[] = [];
    const keep = Promise.withResolvers<void>();
    const link = await opened((message) => {
      first.push(text(message));
      if (text(message) === 'full') return { kind: 'taken', kept: Promise.reject(new Error('disk full')) };
      return text(message) === 'slow' ? { kind: 'taken', kept: keep.promise } : TAKEN;
    });
    await publish('devices/a/telemetry', 'fast');
    await expect.poll(() => acked.length).toBe(1);
    await publish('devices/a/telemetry', 'slow');
    await publish('devices/a/telemetry', 'behind');
    await expect.poll(() => first).toEqual(['fast', 'slow', 'behind']);
    // Kept, and behind one that is not: its acknowledgement waits.
    expect(acked).toHaveLength(1);
    expect(link.inFlightBytes).toBeGreaterThan(0);
    await publish('devices/a/telemetry', 'full');
    expect(await link.ended).toMatchObject({ kind: 'failed', message: expect.stringContaining('disk full') });
    keep.resolve();
    links.length = 0;

    const again: string[] = [];
    await opened((message) => {
      again.push(text(message));
      return TAKEN;
    });
    await expect.poll(() => again).toEqual(['slow', 'behind', 'full']);
    await expect.poll(() => acked.length).toBe(4);
  });

  it('asks about a message until it is decided, and shows no other before', async () => {
    const seen: string[] = [];
    const ready = Promise.withResolvers<void>();
    let isReady = false;
    await opened((message) => {
      seen.push(text(message));
      return text(message) === 'one' && !isReady ? { kind: 'not_yet', ready: ready.promise } : TAKEN;
    });
    await publish('devices/a/telemetry', 'one');
    await publish('devices/a/telemetry', 'two');
    await expect.poll(() => seen).toEqual(['one']);
    isReady = true;
    ready.resolve();
    await expect.poll(() => seen).toEqual(['one', 'one', 'two']);
  });

  it('drops subscriptions that its session had before, after it has the new ones', async () => {
    const changes: string[] = [];
    broker.on('subscribe', (subscriptions) => changes.push(...subscriptions.map(({ topic }) => `+${topic}`)));
    broker.on('unsubscribe', (topics) => changes.push(...topics.map((topic) => `-${topic}`)));
    const link = await opened(() => TAKEN);
    await link.close();
    links.length = 0;
    noted.add('$share/depot/devices/+/telemetry');
    changes.length = 0;
    await opened(() => TAKEN);
    expect(changes.at(-1)).toBe('-$share/depot/devices/+/telemetry');
    expect(changes).toContain('+devices/+/telemetry');
    expect([...noted]).not.toContain('$share/depot/devices/+/telemetry');
  });

  it('does without a dialect that the broker refuses, and not without telemetry', async () => {
    broker.authorizeSubscribe = (_client, subscription, done) =>
      done(null, subscription.topic.startsWith('spBv1.0') ? null : subscription);
    await opened(() => TAKEN);
    expect(refused).toEqual([expect.stringMatching(/^spBv1\.0\//)]);
    broker.authorizeSubscribe = (_client, _subscription, done) => done(null, null);
    expect(await open(() => TAKEN)).toMatchObject({
      kind: 'failed',
      message: expect.stringContaining('does not let this gateway subscribe'),
    });
  });

  it('says what the broker said to a wrong password', async () => {
    broker.authenticate = (_client, _user, _password, done) =>
      done(Object.assign(new Error('no'), { returnCode: 5 }) as never, false);
    expect(await open(() => TAKEN)).toMatchObject({
      kind: 'failed',
      message: expect.stringMatching(/not authori[sz]ed/i),
    });
  });

  it('tells that nobody is there', async () => {
    await new Promise<void>((resolve) => server.close(() => resolve()));
    expect(await open(() => TAKEN, 5)).toMatchObject({
      kind: 'failed',
      message: expect.stringContaining('ECONNREFUSED'),
    });
    server = createServer(broker.handle).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
});

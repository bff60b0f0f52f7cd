import { mkdtemp, rm } from 'node:fs/promises';
import { connect as connectTcp, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt, { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { packet, text } from '../broker/packets.ts';
import { eventually, type GatewayProcess, startGateway } from '../support/gateway.ts';

interface Presence {
  readonly state: string;
  readonly since: number | null;
  readonly lastSeenAt: number | null;
  readonly reason?: string;
}

describe('presence', () => {
  let dataDir = '';
  let gateway: GatewayProcess;
  const tokens = new Map<string, string>();
  const clients: MqttClient[] = [];
  const sockets: Socket[] = [];

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'wayside-presence-'));
    gateway = await startGateway({ dataDir });
  });

  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.endAsync(true)));
    for (const socket of sockets.splice(0)) socket.destroy();
  });

  afterAll(async () => {
    await gateway?.stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  async function register(id: string): Promise<void> {
    const made = await gateway.api('POST', '/api/v1/devices', { id, type: 'car' });
    expect(made.status).toBe(201);
    tokens.set(id, made.body.token);
  }

  async function connect(id: string, options: IClientOptions = {}): Promise<MqttClient> {
    const client = await connectAsync(gateway.mqttUrl, {
      username: id,
      password: tokens.get(id) ?? '',
      clientId: `${id}-client`,
      reconnectPeriod: 0,
      ...options,
    });
    client.on('error', () => undefined);
    clients.push(client);
    return client;
  }

  async function presenceOf(id: string): Promise<Presence> {
    return (await gateway.api('GET', `/api/v1/devices/${id}`)).body.presence;
  }

  const becomes = (id: string, expected: Partial<Presence>) =>
    eventually(`${id} is ${JSON.stringify(expected)}`, 20_000, async () => {
      const presence = await presenceOf(id);
      return Object.entries(expected).every(([key, value]) => presence[key as keyof Presence] === value)
        ? presence
        : undefined;
    });

  it('goes by connections: none, several, and why the last one ended', async () => {
    await register('here');
    expect(await presenceOf('here')).toEqual({ state: 'offline', since: null, lastSeenAt: null });
    const before = Date.now();
    const one = await connect('here');
    const online = await becomes('here', { state: 'online' });
    expect(online.since).toBeGreaterThanOrEqual(before - 1_000);
    expect(online.lastSeenAt).toBeGreaterThanOrEqual(before - 1_000);
    expect(online.reason).toBeUndefined();
    const two = await connect('here', { clientId: 'here-second' });
    await one.endAsync();
    expect((await presenceOf('here')).state, 'one connection is left').toBe('online');
    two.stream.destroy();
    await becomes('here', { state: 'offline', reason: 'connection_lost' });
    const three = await connect('here');
    await becomes('here', { state: 'online' });
    await three.endAsync();
    const gone = await becomes('here', { state: 'offline', reason: 'disconnected' });
    expect(gone.since).toBeGreaterThanOrEqual(before - 1_000);
    const { body } = await gateway.api('GET', '/api/v1/devices?limit=1000');
    const listed = body.items.find(({ id }: { id: string }) => id === 'here');
    expect(listed.presence).toEqual(gone);
  });

  it('a connection that takes over another leaves the device online', async () => {
    await register('twin');
    const old = await connect('twin');
    const replaced = new Promise<void>((resolve) => old.once('close', () => resolve()));
    await connect('twin');
    await replaced;
    expect((await presenceOf('twin')).state).toBe('online');
  });

  it('a half-open connection is noticed at one and a half times its keep-alive', async () => {
    await register('silent');
    const socket = connectTcp(gateway.mqttPort, '127.0.0.1');
    sockets.push(socket);
    socket.on('error', () => undefined);
    const keepAliveSeconds = 1;
    socket.write(
      packet(
        0x10,
        text('MQTT'),
        Buffer.of(4, 0xc2, 0, keepAliveSeconds),
        text('silent-client'),
        text('silent'),
        text(tokens.get('silent') ?? ''),
      ),
    );
    const connectedAt = Date.now();
    const gone = await becomes('silent', { state: 'offline', reason: 'keep_alive' });
    expect((gone.since ?? 0) - connectedAt).toBeGreaterThanOrEqual(1_400);
    expect((gone.since ?? 0) - connectedAt).toBeLessThan(10_000);
  });

  it('nobody is online after a SIGKILL until they come back', async () => {
    await register('survivor');
    const live = await openLive();
    await connect('survivor', { keepalive: 30 });
    // What the live stream tells is in the records already.
    await eventually('it was told', 20_000, async () => live.of('survivor').at(-1));
    live.close();
    await gateway.kill('SIGKILL');
    gateway = await startGateway({ dataDir });
    const after = await presenceOf('survivor');
    expect(after.state).toBe('offline');
    expect(after.lastSeenAt).toEqual(expect.any(Number));
    await connect('survivor');
    await becomes('survivor', { state: 'online' });
  });

  it('the live stream tells changes, and a device that flaps is told of now and then', async () => {
    await register('flapper');
    const live = await openLive();
    for (let turn = 0; turn < 20; turn += 1) {
      const client = await connect('flapper');
      await client.endAsync();
    }
    const told = (state: string) =>
      eventually(`told ${state}`, 20_000, async () =>
        live.of('flapper').at(-1)?.state === state ? true : undefined,
      );
    const last = await connect('flapper');
    await told('online');
    await last.endAsync();
    await told('offline');
    const events = live.of('flapper');
    expect(events.length).toBeLessThanOrEqual(8);
    for (const [index, event] of events.entries()) {
      expect(event).toMatchObject({ kind: 'presence', since: expect.any(Number) });
      expect(event.state, 'states alternate').not.toBe(events[index - 1]?.state);
    }
    live.close();
  });

  it('a storm of connects is told of, and costs few writes', async () => {
    const devices = Array.from({ length: 300 }, (_, index) => `storm-${index}`);
    await Promise.all(devices.map((id) => register(id)));
    const storm = devices.map(
      (id) =>
        new Promise<void>((resolve, reject) => {
          const client = mqtt.connect(gateway.mqttUrl, {
            username: id,
            password: tokens.get(id) ?? '',
            clientId: id,
            reconnectPeriod: 0,
          });
          clients.push(client);
          client.once('connect', () => resolve());
          client.once('error', reject);
        }),
    );
    await Promise.all(storm);
    const { body } = await gateway.api('GET', '/api/v1/devices?limit=1000');
    const online = body.items.filter(
      ({ id, presence }: { id: string; presence: Presence }) =>
        id.startsWith('storm-') && presence.state === 'online',
    );
    expect(online).toHaveLength(devices.length);
  });

  /** Presence events of the live stream, as they come. */
  async function openLive() {
    const abort = new AbortController();
    const answer = await fetch(`${gateway.httpUrl}/api/v1/live`, {
      headers: { authorization: `Bearer ${gateway.adminToken}` },
      signal: abort.signal,
    });
    let stream = '';
    const reading = (async () => {
      const decoder = new TextDecoder();
      for await (const chunk of answer.body ?? []) stream += decoder.decode(chunk as Uint8Array);
    })();
    // It ends with the abort below.
    reading.catch(() => undefined);
    return {
      of: (id: string): readonly { kind: string; device: string; state: string; since: number }[] =>
        stream
          .split('\n\n')
          .slice(0, -1)
          .flatMap((event) => event.split('\n').filter((line) => line.startsWith('data: ')))
          .map((line) => JSON.parse(line.slice('data: '.length)))
          .filter(({ kind, device }) => kind === 'presence' && device === id),
      close: () => abort.abort(),
    };
  }
});

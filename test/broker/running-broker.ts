import { connect as connectTcp, type Socket } from 'node:net';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import { createBroker } from '../../broker/broker.ts';
import { hashToken } from '../../broker/credentials.ts';
import type { BrokerLimits } from '../../broker/limits.ts';
import type { AcceptedPublish, Broker, BrokerPorts } from '../../broker/ports.ts';

export const TOKEN = 'token-of-device-a';
const HASH = hashToken(TOKEN);

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: Record<string, unknown>;
}

/** A broker on a free port that knows the devices `a` and `b`, with a journal port that the test controls. */
export interface RunningBroker {
  readonly broker: Broker;
  readonly port: number;
  readonly mqttsPort: number | null;
  /** What was let in, in order, with payloads copied. */
  readonly accepted: AcceptedPublish[];
  readonly log: LogLine[];
  /** While held, nothing that is let in counts as kept. */
  hold(): void;
  /** Keeps the oldest that waits, or refuses it. */
  settleNext(error?: Error): void;
  release(): void;
  connect(options?: IClientOptions & { readonly url?: string }): MqttClient;
  /** A bare TCP connection, to the MQTT port unless told otherwise. */
  raw(port?: number): Promise<Socket>;
  stop(): Promise<void>;
}

export async function runBroker(
  limits: Partial<BrokerLimits> = {},
  more: Partial<BrokerPorts> = {},
): Promise<RunningBroker> {
  const accepted: AcceptedPublish[] = [];
  const log: LogLine[] = [];
  const waiting: { resolve(): void; reject(error: Error): void }[] = [];
  const clients: MqttClient[] = [];
  const sockets: Socket[] = [];
  let held = false;
  const write =
    (level: string) =>
    (fields: object, message: string): void => {
      log.push({ level, message, fields: { ...fields } });
    };
  const broker = createBroker({
    host: '127.0.0.1',
    port: 0,
    log: { info: write('info'), warn: write('warn'), error: write('error') } as BrokerPorts['log'],
    limits,
    now: () => 1_763_756_400_000,
    realNow: () => 1_763_756_400_000,
    findUser: async (id) =>
      ['a', 'b'].includes(id) ? { principal: { kind: 'device', id }, tokenHashes: [HASH] } : null,
    accept(message) {
      accepted.push({ ...message, payload: Buffer.from(message.payload) });
      if (!held) return Promise.resolve();
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      waiting.push({ resolve, reject });
      return promise;
    },
    ...more,
  });
  const { mqttPort, mqttsPort } = await broker.start();
  return {
    broker,
    port: mqttPort,
    mqttsPort,
    accepted,
    log,
    hold() {
      held = true;
    },
    settleNext(error) {
      const next = waiting.shift();
      if (error === undefined) next?.resolve();
      else next?.reject(error);
    },
    release() {
      held = false;
      for (const one of waiting.splice(0)) one.resolve();
    },
    connect({ url, ...options } = {}) {
      const client = mqtt.connect(url ?? `mqtt://127.0.0.1:${mqttPort}`, {
        username: 'a',
        password: TOKEN,
        clientId: 'client-a',
        reconnectPeriod: 0,
        ...options,
      });
      // Refusals arrive as errors too; tests look at them through `refusalOf`.
      client.on('error', () => undefined);
      clients.push(client);
      return client;
    },
    async raw(port = mqttPort) {
      const socket = connectTcp(port, '127.0.0.1');
      sockets.push(socket);
      await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
      socket.on('error', () => undefined);
      return socket;
    },
    async stop() {
      for (const client of clients) client.end(true);
      for (const socket of sockets) socket.destroy();
      for (const one of waiting.splice(0)) one.resolve();
      await broker.stop();
    },
  };
}

/** Resolves when the client is connected; rejects when it is refused or closed before. */
export function connected(client: MqttClient): Promise<{ sessionPresent: boolean }> {
  return new Promise((resolve, reject) => {
    client.once('connect', (packet) => resolve({ sessionPresent: packet.sessionPresent }));
    client.once('error', reject);
    client.once('close', () => reject(new Error('closed before it was connected')));
  });
}

/** CONNACK code with which a client is refused. */
export async function refusalOf(client: MqttClient): Promise<unknown> {
  return connected(client).then(
    () => 'let in',
    (error: { code?: unknown; message: string }) => error.code ?? error.message,
  );
}

export function closed(client: MqttClient | Socket): Promise<void> {
  return new Promise((resolve) => {
    (client as MqttClient).once('close', () => resolve());
  });
}

/** Looks again and again until a condition holds; fails after twenty seconds. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`not within 20 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

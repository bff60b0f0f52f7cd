import mqtt, { type MqttClient } from 'mqtt';
import { telemetryTopic } from '../../../broker/topics.ts';
import type { FaultSettings } from '../../faults/fault-options.ts';
import type { FaultsSoFar } from '../../faults/fault-words.ts';
import { FaultyDevice, noFaults, type Outgoing } from '../../faults/faulty-device.ts';
import { startReconnectStorms } from '../../faults/reconnect-storm.ts';
import { reasonOf } from '../../gateway-api.ts';
import { notConnected } from '../../unusable.ts';
import type { Random } from '../model/random.ts';
import type { SimulatedReading } from '../model/simulated-reading.ts';
import type { Credentials } from './registration.ts';

/** As it is sent. */
type TimedReading = SimulatedReading & { readonly at: number };

export interface PublisherCounters {
  readonly connected: number;
  /** Messages, garbage and repetitions included. */
  readonly published: number;
  /** PUBACKs: readings that the gateway promised to keep. */
  readonly acked: number;
  /** Left out because a device had too much unacknowledged. */
  readonly skipped: number;
  readonly errors: number;
  readonly lastError: string | null;
  /** How often each fault happened, and how many connections were cut; null where there are to be none. */
  readonly faults: FaultsSoFar | null;
}

/** One MQTT connection a device, as real devices have. */
export interface Publisher {
  /** Resolves once every device has tried to connect; throws when not one got in, an Unusable where no broker is there. */
  start(): Promise<void>;
  /** @param at epoch ms */
  publish(device: string, reading: SimulatedReading, at: number): void;
  counters(): PublisherCounters;
  /** Waits a moment for what is unacknowledged, also of those that were cut and come back, then disconnects. */
  stop(): Promise<void>;
}

export interface PublisherOptions {
  /** `mqtt://host:port`, `ws://host:port/mqtt` and so on. */
  readonly url: string;
  readonly credentials: Credentials;
  /** What is to go wrong; nothing where it is left out. */
  readonly faults?: { readonly settings: FaultSettings; readonly random: Random };
}

/** A device that has so many readings unacknowledged leaves new ones out: nothing may pile up while the gateway is away. */
const MAX_IN_FLIGHT = 20;
const CONNECTS_AT_A_TIME = 40;
const CONNECT_TIMEOUT_MS = 10_000;
const RECONNECT_MS = 2000;
const RECONNECT_SPREAD_MS = 1000;
const GRACE_MS = 2000;

interface Entry {
  readonly client: MqttClient;
  readonly faults: FaultyDevice<TimedReading> | null;
  inFlight: number;
}

export function createPublisher({ url, credentials, faults }: PublisherOptions): Publisher {
  const clients = new Map<string, Entry>();
  const faultCounts = noFaults();
  let cut = 0;
  let stopStorms: () => void = () => undefined;
  let published = 0;
  let acked = 0;
  let skipped = 0;
  let errors = 0;
  let lastError: Error | null = null;

  const failed = (error: Error): void => {
    errors += 1;
    lastError = error;
  };

  const connect = (device: string, token: string): Promise<void> =>
    new Promise((resolve) => {
      const client = mqtt.connect(url, {
        clientId: device,
        username: device,
        password: token,
        clean: true,
        connectTimeout: CONNECT_TIMEOUT_MS,
        // Spread, so that a gateway that comes back is not stormed.
        reconnectPeriod: RECONNECT_MS + (clients.size % 20) * (RECONNECT_SPREAD_MS / 20),
        queueQoSZero: false,
      });
      const faulty =
        faults && new FaultyDevice<TimedReading>(faults.settings, faults.random.fork(device), faultCounts);
      clients.set(device, { client, faults: faulty ?? null, inFlight: 0 });
      client.on('error', (error) => {
        failed(error);
        resolve();
      });
      client.once('connect', () => resolve());
      client.once('close', () => resolve());
    });

  const send = (device: string, entry: Entry, outgoing: Outgoing<TimedReading>): void => {
    if (entry.inFlight >= MAX_IN_FLIGHT) {
      skipped += 1;
      return;
    }
    entry.inFlight += 1;
    published += 1;
    const payload = outgoing.kind === 'garbage' ? outgoing.payload : JSON.stringify(outgoing.reading);
    entry.client.publish(telemetryTopic(device), payload, { qos: 1 }, (error) => {
      entry.inFlight -= 1;
      if (error) failed(error);
      else acked += 1;
    });
  };

  const connectedCount = () => [...clients.values()].filter(({ client }) => client.connected).length;
  /** Of those who are there, and of those who will be, as far as the faults took them away. */
  const unacked = () =>
    [...clients.values()].some(({ client, inFlight }) => (client.connected || cut > 0) && inFlight > 0);

  return {
    async start() {
      const queue = credentials.entries();
      const worker = async (): Promise<void> => {
        for (const [device, token] of queue) await connect(device, token);
      };
      await Promise.all(Array.from({ length: CONNECTS_AT_A_TIME }, worker));
      if (credentials.size > 0 && connectedCount() === 0) {
        const why = lastError ?? new Error('the connection was closed');
        await this.stop();
        throw notConnected(
          why,
          (reason) =>
            `No device could connect to ${url}: ${reason}. Is the gateway running there, and are these its credentials?`,
        );
      }
      stopStorms = startReconnectStorms(
        faults?.settings.reconnectStormSeconds ?? 0,
        () => [...clients.values()].map(({ client }) => client),
        (count) => {
          cut += count;
        },
      );
    },
    publish(device, reading, at) {
      const entry = clients.get(device);
      if (entry === undefined) return;
      const timed = { at, ...reading };
      const outgoing = entry.faults?.send(timed) ?? [{ kind: 'reading', reading: timed, repeated: false }];
      for (const one of outgoing) send(device, entry, one);
    },
    counters: () => ({
      connected: connectedCount(),
      published,
      acked,
      skipped,
      errors,
      lastError: lastError === null ? null : reasonOf(lastError),
      faults: faults === undefined ? null : { ...faultCounts, cut },
    }),
    async stop() {
      stopStorms();
      for (const [device, entry] of clients) {
        for (const held of entry.faults?.flush() ?? []) send(device, entry, held);
      }
      const deadline = performance.now() + GRACE_MS + (cut > 0 ? RECONNECT_MS + RECONNECT_SPREAD_MS : 0);
      while (unacked() && performance.now() < deadline)
        await new Promise((resolve) => setTimeout(resolve, 20));
      await Promise.all([...clients.values()].map(({ client }) => client.endAsync(!client.connected)));
      clients.clear();
    },
  };
}

import mqtt, { type MqttClient } from 'mqtt';
import { telemetryTopic } from '../../../broker/topics.ts';
import { reasonOf } from '../../gateway-api.ts';
import type { SimulatedReading } from '../model/simulated-reading.ts';
import type { Credentials } from './registration.ts';

export interface PublisherCounters {
  readonly connected: number;
  readonly published: number;
  /** PUBACKs: readings that the gateway promised to keep. */
  readonly acked: number;
  /** Left out because a device had too much unacknowledged. */
  readonly skipped: number;
  readonly errors: number;
  readonly lastError: string | null;
}

/** One MQTT connection a device, as real devices have. */
export interface Publisher {
  /** Resolves once every device has tried to connect; throws when not one got in. */
  start(): Promise<void>;
  /** @param at epoch ms */
  publish(device: string, reading: SimulatedReading, at: number): void;
  counters(): PublisherCounters;
  /** Waits a moment for what is unacknowledged, then disconnects. */
  stop(): Promise<void>;
}

export interface PublisherOptions {
  /** `mqtt://host:port`, `ws://host:port/mqtt` and so on. */
  readonly url: string;
  readonly credentials: Credentials;
}

/** A device that has so many readings unacknowledged leaves new ones out: nothing may pile up while the gateway is away. */
const MAX_IN_FLIGHT = 20;
const CONNECTS_AT_A_TIME = 40;
const CONNECT_TIMEOUT_MS = 10_000;
const RECONNECT_MS = 2000;
const GRACE_MS = 2000;

export function createPublisher({ url, credentials }: PublisherOptions): Publisher {
  const clients = new Map<string, { readonly client: MqttClient; inFlight: number }>();
  let published = 0;
  let acked = 0;
  let skipped = 0;
  let errors = 0;
  let lastError: string | null = null;

  const failed = (error: Error): void => {
    errors += 1;
    lastError = reasonOf(error);
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
        reconnectPeriod: RECONNECT_MS + (clients.size % 20) * 50,
        queueQoSZero: false,
      });
      clients.set(device, { client, inFlight: 0 });
      client.on('error', (error) => {
        failed(error);
        resolve();
      });
      client.once('connect', () => resolve());
      client.once('close', () => resolve());
    });

  const connectedCount = () => [...clients.values()].filter(({ client }) => client.connected).length;
  const unacked = () =>
    [...clients.values()].some(({ client, inFlight }) => client.connected && inFlight > 0);

  return {
    async start() {
      const queue = credentials.entries();
      const worker = async (): Promise<void> => {
        for (const [device, token] of queue) await connect(device, token);
      };
      await Promise.all(Array.from({ length: CONNECTS_AT_A_TIME }, worker));
      if (credentials.size > 0 && connectedCount() === 0) {
        const why = lastError ?? 'the connection was closed';
        await this.stop();
        throw new Error(
          `No device could connect to ${url}: ${why}. Is the gateway running there, and are these its credentials?`,
        );
      }
    },
    publish(device, reading, at) {
      const entry = clients.get(device);
      if (entry === undefined) return;
      if (entry.inFlight >= MAX_IN_FLIGHT) {
        skipped += 1;
        return;
      }
      entry.inFlight += 1;
      published += 1;
      entry.client.publish(
        telemetryTopic(device),
        JSON.stringify({ at, ...reading }),
        { qos: 1 },
        (error) => {
          entry.inFlight -= 1;
          if (error) failed(error);
          else acked += 1;
        },
      );
    },
    counters: () => ({ connected: connectedCount(), published, acked, skipped, errors, lastError }),
    async stop() {
      const deadline = performance.now() + GRACE_MS;
      while (unacked() && performance.now() < deadline)
        await new Promise((resolve) => setTimeout(resolve, 20));
      await Promise.all([...clients.values()].map(({ client }) => client.endAsync(!client.connected)));
      clients.clear();
    },
  };
}

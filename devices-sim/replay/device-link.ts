import mqtt, { type MqttClient } from 'mqtt';
import { telemetryTopic } from '../../broker/topics.ts';
import type { Random } from '../city/model/random.ts';
import type { FaultSettings } from '../faults/fault-options.ts';
import type { FaultsSoFar } from '../faults/fault-words.ts';
import { FaultyDevice, noFaults, type Outgoing } from '../faults/faulty-device.ts';
import { startReconnectStorms } from '../faults/reconnect-storm.ts';
import { reasonOf } from '../gateway-api.ts';
import { notConnected } from '../unusable.ts';
import type { RecordedReading } from './recording.ts';

/** Readings of one device that may be unacknowledged; more wait, so that nothing piles up while the gateway is away. */
const MAX_IN_FLIGHT = 100;
const CONNECT_TIMEOUT_MS = 10_000;
const RECONNECT_MS = 1_000;

export interface DeviceCredentials {
  readonly id: string;
  readonly token: string;
}

/** What is to go wrong on the way, and what decides about it. */
export interface LinkFaults {
  readonly settings: FaultSettings;
  readonly random: Random;
}

export interface LinkCounters {
  readonly published: number;
  readonly acked: number;
  readonly lastError: string | null;
  /** How often each fault happened, and how often the connection was cut; null where there are to be none. */
  readonly faults: FaultsSoFar | null;
}

/** One device's MQTT connection. It reconnects by itself, and then sends again what was not acknowledged. */
export interface DeviceLink {
  /** Resolves when the reading was handed to the connection; waits while too many are unacknowledged. */
  send(reading: RecordedReading): Promise<void>;
  /** Sends what its faults hold back. */
  flush(): Promise<void>;
  /** Resolves when all is acknowledged, or `giveUp` is set off. */
  drain(giveUp: AbortSignal): Promise<void>;
  close(): Promise<void>;
  counters(): LinkCounters;
}

/** Connects; throws with the broker's answer when it won't let the device in, an Unusable where none is there. */
export async function connectDevice(
  url: string,
  device: DeviceCredentials,
  faults: LinkFaults | null,
): Promise<DeviceLink> {
  let client: MqttClient;
  try {
    client = await mqtt.connectAsync(url, {
      clientId: device.id,
      username: device.id,
      password: device.token,
      connectTimeout: CONNECT_TIMEOUT_MS,
      reconnectPeriod: RECONNECT_MS,
    });
  } catch (error) {
    throw notConnected(error, (reason) => `${device.id} could not connect to ${url}: ${reason}`);
  }
  let published = 0;
  let acked = 0;
  let lastError: string | null = null;
  const inFlight = new Set<Promise<void>>();
  client.on('error', (error) => {
    lastError = reasonOf(error);
  });

  const faultCounts = noFaults();
  let cut = 0;
  const faulty =
    faults === null
      ? null
      : new FaultyDevice<RecordedReading>(faults.settings, faults.random.fork(device.id), faultCounts);
  const stopStorms = startReconnectStorms(
    faults?.settings.reconnectStormSeconds ?? 0,
    () => [client],
    (count) => {
      cut += count;
    },
  );

  async function send(outgoing: Outgoing<RecordedReading>): Promise<void> {
    while (inFlight.size >= MAX_IN_FLIGHT) await Promise.race(inFlight);
    published += 1;
    const payload = outgoing.kind === 'garbage' ? outgoing.payload : JSON.stringify(outgoing.reading);
    const acknowledged = client.publishAsync(telemetryTopic(device.id), payload, { qos: 1 }).then(
      () => {
        acked += 1;
      },
      (error: unknown) => {
        lastError = reasonOf(error);
      },
    );
    inFlight.add(acknowledged);
    void acknowledged.then(() => inFlight.delete(acknowledged));
  }

  return {
    async send(reading) {
      const outgoing = faulty?.send(reading) ?? [{ kind: 'reading', reading, repeated: false }];
      for (const one of outgoing) await send(one);
    },
    async flush() {
      for (const held of faulty?.flush() ?? []) await send(held);
    },
    async drain(giveUp) {
      await Promise.race([Promise.all(inFlight), aborted(giveUp)]);
    },
    async close() {
      stopStorms();
      // Without force it would wait for acknowledgements without end.
      await client.endAsync(!client.connected || inFlight.size > 0);
    },
    counters: () => ({
      published,
      acked,
      lastError,
      faults: faults === null ? null : { ...faultCounts, cut },
    }),
  };
}

/** Resolves when the signal is set off. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

import mqtt from 'mqtt';
import type { GatewayProcess } from './gateway.ts';

/** A reading as devices send it. */
export interface SentReading {
  readonly at: number;
  readonly position?: { readonly lat: number; readonly lon: number; readonly accuracy?: number };
  readonly metrics?: Readonly<Record<string, number | boolean | string>>;
}

const MOST_IN_ONE = 1_000;

/** Publishes readings as a device does; resolves with the last PUBACK. */
export async function publishReadings(
  gateway: GatewayProcess,
  device: { readonly id: string; readonly token: string },
  readings: readonly SentReading[],
): Promise<void> {
  const client = await mqtt.connectAsync(gateway.mqttUrl, {
    clientId: device.id,
    username: device.id,
    password: device.token,
  });
  try {
    for (let start = 0; start < readings.length; start += MOST_IN_ONE) {
      const part = JSON.stringify(readings.slice(start, start + MOST_IN_ONE));
      await client.publishAsync(`devices/${device.id}/telemetry`, part, { qos: 1 });
    }
  } finally {
    await client.endAsync();
  }
}

import mqtt, { type MqttClient } from 'mqtt';
import { notConnected } from '../unusable.ts';

const CONNECTS_AT_A_TIME = 50;
const CONNECT_TIMEOUT_MS = 20_000;
/** Spread a little, as devices of different makes would come back. */
const RECONNECT_MS = 200;
const RECONNECT_SPREAD_MS = 800;

/**
 * Connects one MQTT client a device, as real devices have; they reconnect by themselves.
 *
 * @param credentials tokens by device id
 * @param random in [0, 1), for the spread of reconnects
 * @throws Error with the broker's answer where a device does not get in, an Unusable where no broker is there
 */
export async function connectAll(
  url: string,
  credentials: ReadonlyMap<string, string>,
  random: () => number,
): Promise<ReadonlyMap<string, MqttClient>> {
  const clients = new Map<string, MqttClient>();
  const queue = credentials.entries();
  const worker = async (): Promise<void> => {
    for (const [device, token] of queue) {
      const client = mqtt.connect(url, {
        clientId: device,
        username: device,
        password: token,
        connectTimeout: CONNECT_TIMEOUT_MS,
        reconnectPeriod: RECONNECT_MS + Math.round(random() * RECONNECT_SPREAD_MS),
        queueQoSZero: false,
      });
      clients.set(device, client);
      await connected(client, device);
    }
  };
  try {
    await Promise.all(Array.from({ length: CONNECTS_AT_A_TIME }, worker));
    return clients;
  } catch (error) {
    await closeAll(clients.values());
    throw error;
  }
}

/** Disconnects; what is unacknowledged stays so. */
export async function closeAll(clients: Iterable<MqttClient>): Promise<void> {
  await Promise.all([...clients].map((client) => client.endAsync(true)));
}

function connected(client: MqttClient, device: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) =>
      reject(notConnected(error, (why) => `${device} could not connect: ${why}`));
    const onClose = () => fail(new Error('the connection was closed. Is the gateway running there?'));
    client.once('error', fail);
    client.once('close', onClose);
    client.once('connect', () => {
      client.off('error', fail);
      client.off('close', onClose);
      resolve();
    });
  });
}

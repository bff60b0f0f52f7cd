import { connectAsync, type MqttClient } from 'mqtt';
import { drive, type LoadOrder, type LoadReport, ownCpuMs } from './ingest-load.ts';

/** The closed load through the `mqtt` package, as devices and services speak it: each client keeps its window full. */
const order = JSON.parse(process.argv[2] ?? '{}') as LoadOrder;
if (order.load.kind !== 'closed') throw new Error('only the closed load comes from real clients');
const { window } = order.load;

const clients: MqttClient[] = [];
for (const { id, token } of order.devices) {
  clients.push(
    await connectAsync({
      host: '127.0.0.1',
      port: order.port,
      clientId: id,
      username: id,
      password: token,
      reconnectPeriod: 0,
    }),
  );
}

let acknowledged = 0;
let lastAckAt = 0;
const startedAt = performance.now();
const cpuBeforeMs = ownCpuMs();
const stopAt = startedAt + order.seconds * 1000;

function keepSending(client: MqttClient, number: number): Promise<void> {
  const topic = `devices/${order.devices[number]?.id}/telemetry`;
  const payloads = drive(number, order.devices.length);
  let next = 0;
  let inFlight = 0;
  return new Promise((resolve, reject) => {
    client.on('error', reject);
    const send = () => {
      inFlight += 1;
      client.publish(topic, payloads[next++ % payloads.length] ?? '', { qos: 1 }, (error) => {
        if (error !== undefined && error !== null) return reject(error);
        inFlight -= 1;
        acknowledged += 1;
        lastAckAt = performance.now();
        if (lastAckAt < stopAt) send();
        else if (inFlight === 0) resolve();
      });
    };
    for (let n = 0; n < window; n += 1) send();
  });
}

await Promise.all(clients.map(keepSending));
const report: LoadReport = {
  acknowledged,
  elapsedMs: lastAckAt - startedAt,
  cpuMs: ownCpuMs() - cpuBeforeMs,
  latencyMs: null,
};
// Before the connections are closed: whoever waits for the rest of the work measures from this line on.
console.log(JSON.stringify(report));
await Promise.all(clients.map((client) => client.endAsync()));

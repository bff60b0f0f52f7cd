import type { Client, PublishPacket, Subscription } from 'aedes';
import { connectionOf } from './connection.ts';
import type { BrokerPorts } from './ports.ts';
import { matches } from './topic-filters.ts';
import { firstTokenTopic } from './topics.ts';

/** The QoS that Aedes puts where a subscription was refused. */
const REFUSED = 0x80;

/**
 * Tells a device that came in by a fleet key its own token, as `{"token"}` on `devices/{id}/token`, when it has subscribed to
 * that. To that connection alone, at QoS 0 and never retained, so that no queue and no disk holds it: one that is lost is
 * made anew at the next subscription.
 */
export async function tellFirstToken(
  ports: BrokerPorts,
  client: Client,
  subscriptions: readonly Subscription[],
): Promise<void> {
  const { peer } = connectionOf(client);
  if (peer?.credential.kind !== 'fleet-key' || ports.issueToken === undefined) return;
  const topic = firstTokenTopic(peer.userId);
  if (!subscriptions.some((one) => (one.qos as number) !== REFUSED && matches(one.topic, topic))) return;
  const token = await ports.issueToken(peer.userId);
  if (token === null) return;
  const packet: PublishPacket = {
    cmd: 'publish',
    topic,
    payload: JSON.stringify({ token }),
    qos: 0,
    retain: false,
    dup: false,
  };
  await new Promise<void>((resolve, reject) => {
    client.publish(packet, (error) => (error ? reject(error) : resolve()));
  });
}

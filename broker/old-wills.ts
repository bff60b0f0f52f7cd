import type { PublishPacket } from 'aedes';
import { spanOf } from './codecs/codec.ts';
import type { OldWill } from './persistence/stored-sessions.ts';
import type { BrokerPorts } from './ports.ts';
import { mayPublish, telemetryDeviceOf } from './principal.ts';
import { parseDeviceTopic } from './topics.ts';

/** Wills dealt with at a time: they share commits, and don't pile up. */
const AT_ONCE = 500;

/** What is done with them. */
export interface WillPorts {
  readonly ports: Pick<BrokerPorts, 'now' | 'findUser' | 'accept' | 'answer'>;
  publish(packet: PublishPacket): Promise<void>;
  /** The will has gone where it was to go. */
  done(clientId: string): void;
  failed(error: unknown): void;
}

/**
 * Publishes the wills of clients that were connected when an earlier process ended: their connections broke without a
 * DISCONNECT, and a server that failed publishes wills when it is back [MQTT-3.14.4-3, §3.1.2.5]. One that can't be kept stays
 * for the next start.
 */
export async function publishOldWills(wills: readonly OldWill[], to: WillPorts): Promise<void> {
  for (let start = 0; start < wills.length; start += AT_ONCE) {
    await Promise.all(
      wills.slice(start, start + AT_ONCE).map((will) =>
        publishOldWill(will, to).then(
          () => to.done(will.clientId),
          (error: unknown) => to.failed(error),
        ),
      ),
    );
  }
}

async function publishOldWill({ clientId, userId, packet }: OldWill, to: WillPorts): Promise<void> {
  const { ports } = to;
  const principal = (await ports.findUser(userId))?.principal;
  const { topic, qos } = packet;
  if (principal === undefined || !mayPublish(principal, topic)) return;
  const payload = Buffer.from(packet.payload as Uint8Array);
  const deviceId = telemetryDeviceOf(principal, topic);
  if (deviceId !== null) {
    await ports.accept({
      receivedAt: ports.now(),
      topic,
      userId: deviceId,
      clientId,
      packetId: 0,
      qos: qos as 0 | 1 | 2,
      dup: false,
      payload,
      truncatedFrom: 0,
      span: spanOf(payload),
    });
  }
  const parsed = parseDeviceTopic(topic);
  if (parsed?.kind === 'reply' || parsed?.kind === 'config-reported')
    await ports.answer?.({ ...parsed, topic, payload });
  await to.publish({ cmd: 'publish', topic, payload, qos: qos as 0 | 1 | 2, retain: false, dup: false });
}

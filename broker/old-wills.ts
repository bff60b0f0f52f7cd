import type { PublishPacket } from 'aedes';
import { type AnswerPorts, answerKeeper } from './answer-keeper.ts';
import { spanOf } from './codecs/codec.ts';
import { aliasesOfTopic } from './dialects.ts';
import type { OldWill } from './persistence/stored-sessions.ts';
import type { BrokerPorts } from './ports.ts';
import { mayPublish, type Principal, telemetryDeviceOf } from './principal.ts';

/** Wills dealt with at a time: they share commits, and don't pile up. */
const AT_ONCE = 500;

type WillTakers = AnswerPorts & Pick<BrokerPorts, 'now' | 'findUser' | 'findByAliases' | 'accept'>;

/** What is done with them. */
export interface WillPorts {
  readonly ports: WillTakers;
  publish(packet: PublishPacket): Promise<void>;
  /** The will has gone where it was to go. */
  done(clientId: string): void;
  /** It was a command of a service account that is none. */
  refused(userId: string, why: string): void;
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
  const deviceId = await speakerOf(principal, topic, ports);
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
  const keeper = answerKeeper(ports, { sender: principal, clientId, topic, payload });
  const why = (await keeper?.keep()) ?? null;
  if (why !== null) to.refused(principal.id, why);
  if (keeper?.isForKeeperAlone) return;
  await to.publish({ cmd: 'publish', topic, payload, qos: qos as 0 | 1 | 2, retain: false, dup: false });
}

/** The device whose telemetry it is; for a service account in a dialect, whoever is registered there. */
async function speakerOf(principal: Principal, topic: string, ports: WillTakers): Promise<string | null> {
  const deviceId = telemetryDeviceOf(principal, topic);
  if (deviceId !== null || principal.kind === 'device') return deviceId;
  const aliases = aliasesOfTopic(topic);
  return aliases.length === 0 ? null : ((await ports.findByAliases?.(aliases)) ?? null);
}

import type { PublishPacket } from 'aedes';
import type { Connection } from './connection.ts';
import { isDialectAnswer } from './dialects.ts';
import type { InFlight } from './in-flight.ts';
import type { BrokerPorts, DeviceAnswer } from './ports.ts';
import { TAKEN } from './telemetry-intake.ts';
import { parseDeviceTopic } from './topics.ts';

type Done = (error?: Error | null) => void;
type Ports = Pick<BrokerPorts, 'answer' | 'answerInDialect'>;

/** Takes in what devices say beside their telemetry: kept first, acknowledged then. */
export class AnswerIntake {
  readonly #ports: Ports;
  readonly #inFlight: InFlight;

  constructor(ports: Ports, inFlight: InFlight) {
    this.#ports = ports;
    this.#inFlight = inFlight;
  }

  /** Takes a message if it is an answer; `done` is called when it is kept, with an error when it is not. */
  take(connection: Connection, packet: PublishPacket, done: Done): boolean {
    const bytes = packet.payload.length;
    const kept = this.#keep(connection, packet);
    if (kept === null) return false;
    this.#inFlight.add(connection, bytes);
    const settle = (error: Error | null) => {
      this.#inFlight.remove(connection, bytes, 1);
      done(error);
    };
    kept.then(() => settle(null), settle);
    return true;
  }

  #keep(connection: Connection, packet: PublishPacket): Promise<void> | null {
    const { peer } = connection;
    if (peer !== null && isDialectAnswer(packet.topic)) {
      const message = {
        deviceId: peer.userId,
        clientId: peer.session.clientId,
        topic: packet.topic,
        payload: bytesOf(packet),
      };
      // The topic is that of all devices: a subscriber would get what is another's.
      packet.payload = TAKEN;
      return this.#ports.answerInDialect?.(message) ?? Promise.resolve();
    }
    const answer = answerOf(packet);
    return answer === null ? null : (this.#ports.answer?.(answer) ?? null);
  }
}

function answerOf(packet: PublishPacket): DeviceAnswer | null {
  const parsed = parseDeviceTopic(packet.topic);
  if (parsed?.kind !== 'reply' && parsed?.kind !== 'config-reported') return null;
  return { ...parsed, topic: packet.topic, payload: bytesOf(packet) };
}

function bytesOf({ payload }: PublishPacket): Buffer {
  return typeof payload === 'string' ? Buffer.from(payload) : payload;
}

import type { PublishPacket } from 'aedes';
import type { Connection } from './connection.ts';
import type { InFlight } from './in-flight.ts';
import type { BrokerPorts, DeviceAnswer } from './ports.ts';
import { parseDeviceTopic } from './topics.ts';

type Done = (error?: Error | null) => void;

/** Takes in what devices say beside their telemetry: kept first, acknowledged then. */
export class AnswerIntake {
  readonly #ports: Pick<BrokerPorts, 'answer'>;
  readonly #inFlight: InFlight;

  constructor(ports: Pick<BrokerPorts, 'answer'>, inFlight: InFlight) {
    this.#ports = ports;
    this.#inFlight = inFlight;
  }

  /** Takes a message if it is an answer; `done` is called when it is kept, with an error when it is not. */
  take(connection: Connection, packet: PublishPacket, done: Done): boolean {
    const answer = this.#ports.answer === undefined ? null : answerOf(packet);
    if (answer === null) return false;
    const bytes = answer.payload.length;
    this.#inFlight.add(connection, bytes);
    const settle = (error: Error | null) => {
      this.#inFlight.remove(connection, bytes, 1);
      done(error);
    };
    this.#ports.answer?.(answer).then(() => settle(null), settle);
    return true;
  }
}

function answerOf(packet: PublishPacket): DeviceAnswer | null {
  const parsed = parseDeviceTopic(packet.topic);
  if (parsed?.kind !== 'reply' && parsed?.kind !== 'config-reported') return null;
  const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload;
  return { ...parsed, topic: packet.topic, payload };
}

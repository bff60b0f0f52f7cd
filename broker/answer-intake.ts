import type { PublishPacket } from 'aedes';
import type { Connection, Peer } from './connection.ts';
import { isDialectAnswer } from './dialects.ts';
import type { InFlight } from './in-flight.ts';
import { keptOnce } from './kept-once.ts';
import type { BrokerPorts } from './ports.ts';
import type { Principal } from './principal.ts';
import { TAKEN } from './telemetry-intake.ts';
import { parseDeviceTopic } from './topics.ts';

type Done = (error?: Error | null) => void;
/** Keeps a message; resolves when it is kept. */
type Keep = () => Promise<void>;
type Ports = Pick<BrokerPorts, 'answer' | 'answerInDialect' | 'giveCommand'>;

/** Takes in what is said beside telemetry: answers of devices, and commands that service accounts give. Kept first, acknowledged then. */
export class AnswerIntake {
  readonly #ports: Ports;
  readonly #inFlight: InFlight;
  readonly #onRefused: (by: string, why: string) => void;

  /** @param onRefused a service account gave a command that is none */
  constructor(ports: Ports, inFlight: InFlight, onRefused: (by: string, why: string) => void) {
    this.#ports = ports;
    this.#inFlight = inFlight;
    this.#onRefused = onRefused;
  }

  /** Takes a message if it is one of these; `done` is called when it is kept, with an error when it is not. */
  take(connection: Connection, { principal, session }: Peer, packet: PublishPacket, done: Done): boolean {
    const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload;
    const keep = isDialectAnswer(packet.topic)
      ? this.#dialectKeeper(principal, session.clientId, packet, payload)
      : this.#keeper(principal, packet, payload);
    if (keep === null) return false;
    const bytes = payload.length;
    this.#inFlight.add(connection, bytes);
    const settle = (error: Error | null) => {
      this.#inFlight.remove(connection, bytes, 1);
      done(error);
    };
    keptOnce(session, packet, keep).then(() => settle(null), settle);
    return true;
  }

  #dialectKeeper(sender: Principal, clientId: string, packet: PublishPacket, payload: Uint8Array): Keep {
    // The topic is that of all devices: a subscriber would get what is another's.
    packet.payload = TAKEN;
    const message = { deviceId: sender.id, clientId, topic: packet.topic, payload };
    return async () => this.#ports.answerInDialect?.(message);
  }

  #keeper(sender: Principal, packet: PublishPacket, payload: Uint8Array): Keep | null {
    const { topic } = packet;
    const { answer, giveCommand } = this.#ports;
    const parsed = parseDeviceTopic(topic);
    switch (parsed?.kind) {
      case 'reply':
      case 'config-reported':
        return answer === undefined ? null : () => answer({ ...parsed, topic, payload });
      case 'commands':
        if (sender.kind !== 'service' || giveCommand === undefined) return null;
        // It goes to the device, and to whoever else listens, by the one who keeps it.
        packet.payload = TAKEN;
        return async () => {
          const why = await giveCommand({ deviceId: parsed.deviceId, by: sender.id, payload });
          if (why !== null) this.#onRefused(sender.id, why);
        };
      default:
        return null;
    }
  }
}

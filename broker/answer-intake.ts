import type { PublishPacket } from 'aedes';
import type { Connection } from './connection.ts';
import { isDialectAnswer } from './dialects.ts';
import type { InFlight } from './in-flight.ts';
import type { BrokerPorts, DeviceAnswer, GivenCommand } from './ports.ts';
import type { Principal } from './principal.ts';
import { TAKEN } from './telemetry-intake.ts';
import { parseDeviceTopic } from './topics.ts';

type Done = (error?: Error | null) => void;
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
  take(connection: Connection, sender: Principal, packet: PublishPacket, done: Done): boolean {
    const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload;
    const kept = isDialectAnswer(packet.topic)
      ? this.#keepInDialect(connection, sender, packet, payload)
      : this.#keep(sender, packet, payload);
    if (kept === null) return false;
    const bytes = payload.length;
    this.#inFlight.add(connection, bytes);
    const settle = (error: Error | null) => {
      this.#inFlight.remove(connection, bytes, 1);
      done(error);
    };
    kept.then(() => settle(null), settle);
    return true;
  }

  #keepInDialect(
    connection: Connection,
    sender: Principal,
    packet: PublishPacket,
    payload: Uint8Array,
  ): Promise<void> {
    // The topic is that of all devices: a subscriber would get what is another's.
    packet.payload = TAKEN;
    const clientId = connection.peer?.session.clientId ?? '';
    const message = { deviceId: sender.id, clientId, topic: packet.topic, payload };
    return this.#ports.answerInDialect?.(message) ?? Promise.resolve();
  }

  #keep(sender: Principal, packet: PublishPacket, payload: Uint8Array): Promise<void> | null {
    const { topic } = packet;
    const parsed = parseDeviceTopic(topic);
    switch (parsed?.kind) {
      case 'reply':
      case 'config-reported': {
        const answer: DeviceAnswer = { ...parsed, topic, payload };
        return this.#ports.answer?.(answer) ?? null;
      }
      case 'commands': {
        if (sender.kind !== 'service' || this.#ports.giveCommand === undefined) return null;
        // It goes to the device, and to whoever else listens, by the one who keeps it.
        packet.payload = TAKEN;
        return this.#give({ deviceId: parsed.deviceId, by: sender.id, payload });
      }
      default:
        return null;
    }
  }

  async #give(command: GivenCommand): Promise<void> {
    const why = (await this.#ports.giveCommand?.(command)) ?? null;
    if (why !== null) this.#onRefused(command.by, why);
  }
}

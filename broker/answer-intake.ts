import type { PublishPacket } from 'aedes';
import { type AnswerPorts, answerKeeper } from './answer-keeper.ts';
import type { Connection, Peer } from './connection.ts';
import type { InFlight } from './in-flight.ts';
import { keptOnce } from './kept-once.ts';
import { TAKEN } from './telemetry-intake.ts';

type Done = (error?: Error | null) => void;

/** Takes in what is said beside telemetry: answers of devices, and commands that service accounts give. Kept first, acknowledged then. */
export class AnswerIntake {
  readonly #ports: AnswerPorts;
  readonly #inFlight: InFlight;
  readonly #onRefused: (by: string, why: string) => void;

  /** @param onRefused a service account gave a command that is none */
  constructor(ports: AnswerPorts, inFlight: InFlight, onRefused: (by: string, why: string) => void) {
    this.#ports = ports;
    this.#inFlight = inFlight;
    this.#onRefused = onRefused;
  }

  /** Takes a message if it is one of these; `done` is called when it is kept, with an error when it is not. */
  take(connection: Connection, peer: Peer, packet: PublishPacket, done: Done): boolean {
    const { principal: sender, session } = peer;
    const { clientId } = session;
    const { topic } = packet;
    const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload;
    const keeper = answerKeeper(this.#ports, { sender, clientId, topic, payload });
    if (keeper === null) return false;
    if (keeper.isForKeeperAlone) packet.payload = TAKEN;
    const keep = async () => {
      const why = await keeper.keep();
      if (why !== null) this.#onRefused(sender.id, why);
    };
    const bytes = payload.length;
    this.#inFlight.add(connection, bytes);
    const settle = (error: Error | null) => {
      this.#inFlight.remove(connection, bytes, 1);
      done(error);
    };
    keptOnce(session, packet, keep).then(() => settle(null), settle);
    return true;
  }
}

import { Buffer } from 'node:buffer';
import type { PublishPacket } from 'aedes';
import { spanOf } from './codecs/codec.ts';
import type { Connection, Peer } from './connection.ts';
import type { InFlight } from './in-flight.ts';
import type { LimitedLog } from './limited-log.ts';
import type { BrokerLimits } from './limits.ts';
import type { BrokerCounters, BrokerPorts } from './ports.ts';

type Done = (error?: Error | null) => void;

/** Stands in for a payload that the journal has, so that Aedes holds it no longer; known by its identity. */
export const TAKEN = Buffer.alloc(0);
/** Length field of the topic, and of the packet id where there is one. */
const TOPIC_LENGTH_BYTES = 2;
const PACKET_ID_BYTES = 2;

/** Takes telemetry in: kept first, acknowledged then. Called by Aedes in order of arrival. */
export class TelemetryIntake {
  readonly #ports: BrokerPorts;
  readonly #limits: BrokerLimits;
  readonly #inFlight: InFlight;
  readonly #log: LimitedLog;
  readonly #idle: (() => void)[] = [];
  #pending = 0;
  #accepted = 0;
  #acceptedBytes = 0;
  #shed = 0;
  #truncated = 0;
  #unkept = 0;

  constructor(ports: BrokerPorts, limits: BrokerLimits, inFlight: InFlight, log: LimitedLog) {
    this.#ports = ports;
    this.#limits = limits;
    this.#inFlight = inFlight;
    this.#log = log;
  }

  /**
   * @param shortenedFrom body length as sent where the packet was shortened on its way in, else 0
   * @param forJournalAlone nobody else gets to see the packet, so that its payload need not be held any longer
   * @param done called when the message is kept; with an error when it is not, which closes the connection
   */
  take(
    connection: Connection,
    peer: Peer,
    packet: PublishPacket,
    shortenedFrom: number,
    forJournalAlone: boolean,
    done: Done,
  ): void {
    const { qos } = packet;
    const whole = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload;
    if (forJournalAlone) packet.payload = TAKEN;
    const packetId = packet.messageId ?? 0;
    const { unreleased } = peer.session;
    if (qos === 2) {
      const before = unreleased.get(packetId);
      if (before !== undefined) {
        before.then(
          () => done(null),
          (error: Error) => done(error),
        );
        return;
      }
    } else if (qos === 0 && this.#inFlight.shedding) {
      this.#shed += 1;
      done(null);
      return;
    }

    let payload = whole;
    let truncatedFrom = 0;
    if (shortenedFrom > 0) {
      truncatedFrom =
        shortenedFrom -
        TOPIC_LENGTH_BYTES -
        Buffer.byteLength(packet.topic) -
        (qos > 0 ? PACKET_ID_BYTES : 0);
    } else if (whole.length > this.#limits.maxPayloadBytes) {
      truncatedFrom = whole.length;
    }
    if (truncatedFrom > 0) {
      this.#truncated += 1;
      payload = whole.subarray(0, this.#limits.keptHeadBytes);
    }

    const bytes = payload.length;
    this.#inFlight.add(connection, bytes);
    this.#pending += 1;
    const kept = this.#ports.accept({
      receivedAt: this.#ports.now(),
      topic: packet.topic,
      userId: peer.userId,
      clientId: peer.session.clientId,
      packetId,
      qos,
      dup: packet.dup,
      payload,
      truncatedFrom,
      span: truncatedFrom > 0 ? 1 : spanOf(payload),
    });
    if (qos === 2) unreleased.set(packetId, kept);
    kept.then(
      () => {
        this.#accepted += 1;
        this.#acceptedBytes += bytes;
        this.#settle(connection, bytes);
        done(null);
      },
      (error: Error) => {
        this.#unkept += 1;
        if (qos === 2) unreleased.delete(packetId);
        this.#log.write(
          (fields, text) => this.#ports.log.error(fields, text),
          'a message could not be kept; its sender was disconnected',
          {
            err: error,
          },
        );
        this.#settle(connection, bytes);
        done(error);
      },
    );
  }

  /** Resolves when nothing waits any more. */
  async settled(): Promise<void> {
    if (this.#pending > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  counters(): Pick<BrokerCounters, 'accepted' | 'acceptedBytes' | 'shed' | 'truncated' | 'unkept'> {
    return {
      accepted: this.#accepted,
      acceptedBytes: this.#acceptedBytes,
      shed: this.#shed,
      truncated: this.#truncated,
      unkept: this.#unkept,
    };
  }

  #settle(connection: Connection, bytes: number): void {
    this.#inFlight.remove(connection, bytes);
    this.#pending -= 1;
    if (this.#pending === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }
}

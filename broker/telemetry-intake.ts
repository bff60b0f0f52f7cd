import { Buffer } from 'node:buffer';
import type { PublishPacket } from 'aedes';
import { spanOf } from './codecs/codec.ts';
import type { Connection, Peer } from './connection.ts';
import type { InFlight, Share } from './in-flight.ts';
import { keptOnce } from './kept-once.ts';
import type { LimitedLog } from './limited-log.ts';
import type { BrokerLimits } from './limits.ts';
import type { LoopPace } from './loop-pace.ts';
import type { AcceptedPublish, BrokerCounters, BrokerPorts } from './ports.ts';

type Done = (error?: Error | null) => void;

/** Stands in for a payload that the journal has, so that Aedes holds it no longer; known by its identity. */
export const TAKEN = Buffer.alloc(0);
/** Length field of the topic, and of the packet id where there is one. */
const TOPIC_LENGTH_BYTES = 2;
const PACKET_ID_BYTES = 2;

type Message = Pick<AcceptedPublish, 'topic' | 'packetId' | 'qos' | 'dup' | 'payload' | 'truncatedFrom'>;

/** Takes telemetry in: kept first, acknowledged then. Called in order of arrival. */
export class TelemetryIntake {
  readonly #ports: BrokerPorts;
  readonly #limits: BrokerLimits;
  readonly #inFlight: InFlight;
  readonly #loopPace: LoopPace;
  readonly #log: LimitedLog;
  readonly #idle: (() => void)[] = [];
  #pending = 0;
  #accepted = 0;
  #acceptedBytes = 0;
  #shed = 0;
  #truncated = 0;
  #unkept = 0;

  constructor(
    ports: BrokerPorts,
    limits: BrokerLimits,
    inFlight: InFlight,
    loopPace: LoopPace,
    log: LimitedLog,
  ) {
    this.#ports = ports;
    this.#limits = limits;
    this.#inFlight = inFlight;
    this.#loopPace = loopPace;
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
    const whole = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload;
    if (forJournalAlone) packet.payload = TAKEN;
    const keep = () => this.keep(connection, peer, this.#messageOf(packet, whole, shortenedFrom));
    // What is shed is of QoS 0, and nobody waits for it.
    keptOnce(peer.session, packet, () => keep() ?? Promise.resolve()).then(() => done(null), done);
  }

  /** Hands a message to the journal. Gives null where a QoS 0 message was shed, else what settles when it is kept or refused. */
  keep(connection: Connection, peer: Peer, message: Message): Promise<void> | null {
    if (message.qos === 0 && this.#inFlight.shedding) {
      this.#shed += 1;
      this.#log.write(
        (fields, text) => this.#ports.log.warn(fields, text),
        'messages of QoS 0 are dropped: what came before waits for the disk',
        { shed: this.#shed },
      );
      return null;
    }
    const { topic, packetId, qos, dup, payload, truncatedFrom } = message;
    const kept = this.#ports.accept({
      receivedAt: this.#ports.now(),
      topic,
      userId: peer.userId,
      clientId: peer.session.clientId,
      packetId,
      qos,
      dup,
      payload,
      truncatedFrom,
      span: truncatedFrom > 0 ? 1 : spanOf(payload),
    });
    this.#inFlight.add(connection, payload.length);
    this.#pending += 1;
    this.#loopPace.took();
    const share = connection.share?.kept === kept ? connection.share : this.#newShare(connection, kept);
    share.messages += 1;
    share.bytes += payload.length;
    return kept;
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

  /** Of what is too long only the head is kept. */
  #messageOf(packet: PublishPacket, whole: Buffer, shortenedFrom: number): Message {
    const { topic, messageId: packetId = 0, qos, dup } = packet;
    const before = TOPIC_LENGTH_BYTES + Buffer.byteLength(topic) + (qos > 0 ? PACKET_ID_BYTES : 0);
    const bytes = shortenedFrom > 0 ? shortenedFrom - before : whole.length;
    const isWhole = shortenedFrom === 0 && bytes <= this.#limits.maxPayloadBytes;
    if (isWhole) return { topic, packetId, qos, dup, payload: whole, truncatedFrom: 0 };
    this.#truncated += 1;
    const payload = whole.subarray(0, this.#limits.keptHeadBytes);
    return { topic, packetId, qos, dup, payload, truncatedFrom: bytes };
  }

  #newShare(connection: Connection, kept: Promise<void>): Share {
    const share: Share = { kept, messages: 0, bytes: 0 };
    connection.share = share;
    kept.then(
      () => {
        this.#accepted += share.messages;
        this.#acceptedBytes += share.bytes;
        this.#settle(connection, share);
      },
      (error: Error) => {
        this.#unkept += share.messages;
        this.#log.write(
          (fields, text) => this.#ports.log.error(fields, text),
          'messages could not be kept; their sender was disconnected',
          { err: error },
        );
        this.#settle(connection, share);
      },
    );
    return share;
  }

  #settle(connection: Connection, share: Share): void {
    if (connection.share === share) connection.share = null;
    this.#inFlight.remove(connection, share.bytes, share.messages);
    this.#pending -= share.messages;
    if (this.#pending === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }
}

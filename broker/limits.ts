import type { Rate } from './pace.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

/** What one peer, and all together, may take of this process. */
export interface BrokerLimits {
  readonly maxConnections: number;
  /** Connections and remembered client ids of one user. */
  readonly maxClientsPerUser: number;
  /** Topic filters of one session; a subscription beyond that is refused. */
  readonly maxFiltersPerSession: number;
  /** Of a longer payload, up to the 256 MiB of MQTT, only the head is kept, for quarantine. */
  readonly maxPayloadBytes: number;
  readonly keptHeadBytes: number;
  /** A longer packet of any other kind (CONNECT with its will, SUBSCRIBE) closes the connection. */
  readonly maxControlPacketBytes: number;
  /** Bytes of one client that wait for the disk before its socket is paused. */
  readonly maxInFlightBytesPerClient: number;
  /** Bytes of all clients that wait for the disk before all sockets are paused. QoS 0 is shed at half of it. */
  readonly maxInFlightBytes: number;
  /** Bytes of packets that have come in part, of all clients. */
  readonly maxHalfReceivedBytes: number;
  /** Messages that wait for one session: for its device to come back, or to acknowledge them. */
  readonly maxQueuedMessages: number;
  /** Their payloads, and as much again of QoS 2 messages from the device; one more message may go beyond it. */
  readonly maxQueuedBytes: number;
  /** Acknowledgements and messages that wait in this process for a peer that does not read. */
  readonly maxUnsentBytes: number;
  /** How long a session that lasts is kept without a connection, real time; and how often it is looked for those that are over. */
  readonly sessionLastsMs: number;
  readonly sessionSweepMs: number;
  readonly connectTimeoutMs: number;
  /** Silence after which TCP asks whether a peer is still there, for those that want no keep-alive of MQTT. */
  readonly tcpKeepAliveMs: number;
  /** Messages that a user may publish, over all its connections; beyond that its sockets are paused. */
  readonly userRate: Rate;
  /** The same for all users at one address together, and connections from it, which are refused beyond that. */
  readonly addressRate: Rate;
  readonly connectRate: Rate;
  /** Whether addresses of this machine may come as fast as they like: behind them stands a proxy, or a test. */
  readonly localIsFree: boolean;
}

export const DEFAULT_LIMITS: BrokerLimits = {
  maxConnections: 20_000,
  maxClientsPerUser: 32,
  maxFiltersPerSession: 1000,
  maxPayloadBytes: MIB,
  keptHeadBytes: 4 * KIB,
  maxControlPacketBytes: 256 * KIB,
  maxInFlightBytesPerClient: MIB,
  maxInFlightBytes: 64 * MIB,
  maxHalfReceivedBytes: 64 * MIB,
  maxQueuedMessages: 1000,
  maxQueuedBytes: MIB,
  maxUnsentBytes: MIB,
  sessionLastsMs: 30 * 86_400_000,
  sessionSweepMs: 600_000,
  connectTimeoutMs: 30_000,
  tcpKeepAliveMs: 60_000,
  userRate: { perSecond: 5000, atOnce: 20_000 },
  addressRate: { perSecond: 50_000, atOnce: 200_000 },
  connectRate: { perSecond: 200, atOnce: 2000 },
  localIsFree: true,
};

/** What a message costs beside its payload while it is in flight: header, ids, closures. */
export const OVERHEAD_BYTES = 256;

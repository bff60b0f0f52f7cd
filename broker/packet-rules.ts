import type { Client, ConnectPacket, Subscription } from 'aedes';
import type { OnRefused } from './filter-answers.ts';
import type { InFlight } from './in-flight.ts';
import { type SubscriptionPacket, SubscriptionTurns } from './subscription-turns.ts';

/** What Aedes' parser gives, as far as it is looked at here. */
interface Packet {
  cmd: string;
  readonly messageId?: number;
  readonly qos?: number;
  readonly dup?: boolean;
  readonly subscriptions?: readonly Subscription[];
  readonly unsubscriptions?: readonly string[];
}

type Take = (packet: Packet) => void;

/** The parts of Aedes' client that its typings leave out. */
interface Internals {
  readonly _parser: {
    listeners(event: 'packet'): Take[];
    removeAllListeners(event: 'packet'): void;
    on(event: 'packet', listener: Take): void;
    prependListener(event: 'error', listener: (error: Error) => void): void;
  };
  emit(event: 'error', error: Error): void;
}

/** CONNACK with the code 1: unacceptable protocol level [MQTT-3.1.2-2]. */
const CONNACK_LEVEL = Buffer.of(0x20, 2, 0, 1);
const CHOSEN_BY_CLIENT = new Set(['subscribe', 'unsubscribe', 'puback', 'pubrec', 'pubrel', 'pubcomp']);

/**
 * Why a packet that Aedes would take breaks MQTT 3.1.1, so that its connection must be closed [MQTT-4.8.0-1]; null where it
 * does not.
 */
export function violationOf(packet: Packet): string | null {
  if (packet.cmd === 'publish')
    return packet.qos === 0 && packet.dup === true ? 'DUP at QoS 0 [MQTT-3.3.1-2]' : null;
  if (CHOSEN_BY_CLIENT.has(packet.cmd) && !(packet.messageId !== undefined && packet.messageId > 0))
    return 'packet id 0 [MQTT-2.3.1-1]';
  if (packet.cmd === 'subscribe') {
    const filters = packet.subscriptions?.map(({ topic }) => topic) ?? [];
    return filters.length === 0 ? 'SUBSCRIBE without filters [MQTT-3.8.3-3]' : violationOfFilters(filters);
  }
  if (packet.cmd === 'unsubscribe') {
    const filters = packet.unsubscriptions ?? [];
    return filters.length === 0 ? 'UNSUBSCRIBE without filters [MQTT-3.10.3-2]' : violationOfFilters(filters);
  }
  return null;
}

function violationOfFilters(filters: readonly string[]): string | null {
  return filters.some((filter) => filter.includes('\0')) ? 'U+0000 in a filter [MQTT-1.5.3-2]' : null;
}

/** Why a CONNECT that Aedes would take breaks MQTT 3.1.1, so that its connection must be closed without CONNACK. */
export function violationOfConnect(packet: ConnectPacket): string | null {
  if (packet.will !== undefined && (packet.will.qos as number) > 2) return 'will of QoS 3 [MQTT-3.1.2-14]';
  if (packet.password !== undefined && packet.username === undefined)
    return 'password without user name [MQTT-3.1.2-22]';
  return null;
}

/** Has the packets of a client looked at before Aedes takes them. */
export function holdToRules(client: Client, inFlight: InFlight, onRefused: OnRefused): void {
  const inner = client as unknown as Internals;
  const { _parser: parser } = inner;
  const takers = parser.listeners('packet').map((take): Take => take.bind(parser));
  if (takers.length === 0) throw new Error('Aedes does not listen to its parser as it did');
  parser.removeAllListeners('packet');
  const turns = new SubscriptionTurns(client, inFlight, onRefused);
  parser.on('packet', (packet) => {
    const violation = violationOf(packet);
    if (violation !== null) inner.emit('error', new Error(violation));
    else if (client.connected && isSubscription(packet)) turns.take(packet);
    else for (const take of takers) take(packet);
  });
  parser.prependListener('error', ({ message }) => {
    if (message === 'Invalid protocol version' && client.id === null) client.conn.write(CONNACK_LEVEL);
  });
}

function isSubscription(packet: Packet): packet is Packet & SubscriptionPacket {
  return packet.cmd === 'subscribe' || packet.cmd === 'unsubscribe';
}

import type { Client } from 'aedes';

/** What Aedes' client has beyond its typings: the packet id that it gives next, a random one at first. */
interface NumberingClient {
  _nextId: number;
}

const MAX_PACKET_ID = 65_535;

/** Takes the next packet id of a connection, counted as Aedes counts it. */
export function takePacketId(client: Client, isInUse: (packetId: number) => boolean): number {
  const numbering = client as unknown as NumberingClient;
  let packetId: number;
  do {
    packetId = numbering._nextId;
    numbering._nextId = following(packetId);
  } while (packetId === 0 || isInUse(packetId));
  return packetId;
}

/**
 * Has a session that resumes go on behind the last packet id that waits to be acknowledged, or another message would be sent
 * under one of these [MQTT-2.3.1-4]: at QoS 2 it would be taken for that one, and lost.
 */
export function goOnBehind(client: Client, lastPacketId: number): void {
  (client as unknown as NumberingClient)._nextId = following(lastPacketId);
}

function following(packetId: number): number {
  return packetId >= MAX_PACKET_ID ? 1 : packetId + 1;
}

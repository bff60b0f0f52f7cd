import { connectPacket, DISCONNECT, packet, publishPacket, pubrelPacket, text } from '../broker/packets.ts';

const READING = '{"position":{"lat":45.4642,"lon":9.19,"accuracy":8},"metrics":{"fuel":0.12}}';

/** The CONNECT of a device that may come in. */
export function goodConnect(id: string, token: string, clean = true): Buffer {
  return connectPacket({ clientId: id, username: id, password: token, clean });
}

/** Every packet that a device may send, and some that it may not. */
export function packetSeeds(id: string, token: string): readonly Buffer[] {
  const own = `devices/${id}/telemetry`;
  return [
    goodConnect(id, token),
    goodConnect(id, token, false),
    packet(
      0x10,
      text('MQTT'),
      Buffer.of(4, 0xf6, 0, 60),
      text(id),
      text(own),
      text('will'),
      text(id),
      text(token),
    ),
    packet(0x10, text('MQIsdp'), Buffer.of(3, 0xc2, 0, 60), text(id), text(id), text(token)),
    packet(0x10, text('MQTT'), Buffer.of(5, 0xc2, 0, 60, 0), text(id), text(id), text(token)),
    publishPacket(own, READING, 0),
    publishPacket(own, READING, 1, 1),
    publishPacket(own, READING, 1, 2, true),
    publishPacket(own, READING, 2, 3),
    pubrelPacket(3),
    publishPacket(own, `[${READING},${READING}]`, 1, 4),
    publishPacket(own, 'x'.repeat(3000), 1, 5),
    publishPacket(`devices/${id}/commands/c-1/reply`, '{"status":"ok"}', 1, 6),
    publishPacket(`devices/${id}/config/reported`, '{"version":1}', 1, 7),
    publishPacket('devices/other/telemetry', READING, 1, 8),
    publishPacket('owntracks/u/d', '{"_type":"location","lat":1,"lon":2,"tst":1763756400}', 1, 9),
    publishPacket('v1/devices/me/telemetry', '{"temperature":21}', 1, 10),
    publishPacket('v1/devices/me/attributes/request/1', '{"clientKeys":"a"}', 1, 11),
    publishPacket('spBv1.0/plant/NBIRTH/node', '\b\u0001', 0),
    publishPacket('', '', 1, 12),
    publishPacket('#', READING, 1, 13),
    packet(0x82, Buffer.of(0, 20), text(`devices/${id}/commands`), Buffer.of(1)),
    packet(0x82, Buffer.of(0, 21), text(`devices/${id}/#`), Buffer.of(2), text('#'), Buffer.of(1)),
    packet(0xa2, Buffer.of(0, 22), text(`devices/${id}/commands`)),
    packet(0x40, Buffer.of(0, 1)),
    packet(0x50, Buffer.of(0, 1)),
    packet(0x70, Buffer.of(0, 1)),
    packet(0xc0),
    packet(0xf0),
    DISCONNECT,
  ];
}

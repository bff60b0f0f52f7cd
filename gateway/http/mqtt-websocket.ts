import type { IncomingMessage, Server } from 'node:http';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { createWebSocketStream, WebSocketServer } from 'ws';
import { isLocalAddress } from '../../broker/peer-address.ts';

/** @param address of the peer; empty where it has gone already */
export type HandleMqttWebSocket = (stream: Duplex, address: string) => void;

const PATH = '/mqtt';
/**
 * One WebSocket message holds one or more MQTT packets, or a part of one. It is gathered whole, so that a longer one ends the
 * connection with code 1009; a larger packet has to come in several.
 */
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;

/**
 * Takes WebSocket upgrades at `/mqtt` with the subprotocol `mqtt` [MQTT-6.0.0-3] and refuses all others.
 *
 * @returns closes every connection and takes no more
 */
export function serveMqttWebSockets(server: Server, handle: HandleMqttWebSocket): () => Promise<void> {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE_BYTES,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has('mqtt') ? 'mqtt' : false),
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // A connection that breaks while it is being refused is nobody's concern.
    socket.on('error', () => socket.destroy());
    const path = request.url?.split('?', 1)[0];
    if (path !== PATH) return refuse(socket, '404 Not Found', `WebSockets are served at ${PATH}`);
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
    if (!offered.includes('mqtt')) return refuse(socket, '400 Bad Request', 'the subprotocol must be mqtt');
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      // Text is no MQTT, whatever is in it [MQTT-6.0.0-1].
      webSocket.on('message', (_data, isBinary) => {
        if (!isBinary) webSocket.terminate();
      });
      handle(createWebSocketStream(webSocket), peerOf(request));
    });
  });
  return async () => {
    for (const client of sockets.clients) client.terminate();
    await new Promise<void>((resolve) => sockets.close(() => resolve()));
  };
}

/**
 * Whose connection it is, as Fastify tells it for requests: a proxy on this machine is believed whom it asks for, or one device
 * that fails to log in would keep out all of its name behind that proxy.
 */
function peerOf({ headers, socket }: IncomingMessage): string {
  let peer = socket.remoteAddress ?? '';
  // Each proxy adds at the end whom it was asked by.
  const askedBy = String(headers['x-forwarded-for'] ?? '').split(',');
  while (isLocalAddress(peer)) {
    const before = askedBy.pop()?.trim() ?? '';
    if (isIP(before) === 0) break;
    peer = before;
  }
  return peer;
}

function refuse(socket: Duplex, status: string, why: string): void {
  // Node leaves an upgraded socket to us, half open: a peer that never says goodbye would keep it.
  socket.once('finish', () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: ${Buffer.byteLength(why)}\r\n\r\n${why}`,
  );
}

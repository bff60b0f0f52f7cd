import type { Mailboxes, StoredMessage, UserAgent } from './mailboxes.ts';

/** One browser's connection, as the protocol sees it. */
export interface BrowserLink {
  send(message: object): void;
  /** The agent that said hello here, or null before. */
  agent: UserAgent | null;
}

export interface ProtocolParts {
  readonly mailboxes: Mailboxes;
  /** Epoch ms. */
  readonly now: () => number;
  readonly endpointOf: (token: string) => string;
  /** A browser said hello: whoever had that name before is cut off. */
  readonly onHello: (link: BrowserLink, agent: UserAgent) => void;
  readonly onAck: (channelId: string, messageId: string, code: number) => void;
}

/**
 * The WebSocket protocol that Firefox speaks with its push service (subprotocol `push-notification`), the part of it that Web
 * Push needs: hello, register, unregister, ack, nack, ping and the empty object that older versions ping with.
 *
 * @returns false where the message breaks the protocol, and the connection is to be closed
 */
export function handleBrowserMessage(parts: ProtocolParts, link: BrowserLink, text: string): boolean {
  const message = parse(text);
  if (message === null) return false;
  if (message.messageType === undefined || message.messageType === 'ping') {
    link.send(message.messageType === undefined ? {} : { messageType: 'ping' });
    return true;
  }
  if (message.messageType === 'hello') return hello(parts, link, message);
  const { agent } = link;
  if (agent === null) return false;
  switch (message.messageType) {
    case 'register':
      return register(parts, link, agent, message);
    case 'unregister': {
      const { channelID } = message;
      if (typeof channelID !== 'string') return false;
      parts.mailboxes.unregister(agent, channelID);
      link.send({ messageType: 'unregister', status: 200, channelID });
      return true;
    }
    case 'ack':
      return ack(parts, message);
    case 'nack': // a message that the browser could not hand on; it is kept, and comes again with the next hello
    case 'broadcast_subscribe': // remote settings, which are no part of Web Push
      return true;
    default:
      return false;
  }
}

/** How a message goes to its browser. */
export function notificationOf(message: StoredMessage): object {
  const frame = { messageType: 'notification', channelID: message.channelId, version: message.id };
  if (message.body.byteLength === 0) return frame;
  return { ...frame, data: message.body.toString('base64url'), headers: { encoding: 'aes128gcm' } };
}

type Fields = Readonly<Record<string, unknown>>;

function parse(text: string): Fields | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : null;
  } catch {
    return null; // answered by closing the connection
  }
}

function hello(parts: ProtocolParts, link: BrowserLink, message: Fields): boolean {
  const uaid = typeof message.uaid === 'string' && message.uaid !== '' ? message.uaid : null;
  const agent = parts.mailboxes.agent(uaid);
  if (agent === null) {
    link.send({ messageType: 'hello', status: 503 });
    return false;
  }
  link.agent = agent;
  parts.onHello(link, agent);
  link.send({ messageType: 'hello', status: 200, uaid: agent.uaid, use_webpush: true, broadcasts: {} });
  for (const waiting of parts.mailboxes.pendingOf(agent, parts.now())) link.send(notificationOf(waiting));
  return true;
}

function register(parts: ProtocolParts, link: BrowserLink, agent: UserAgent, message: Fields): boolean {
  const { channelID, key } = message;
  if (typeof channelID !== 'string' || channelID.length > 64) return false;
  const channel = parts.mailboxes.register(agent, channelID, typeof key === 'string' ? key : null);
  if (typeof channel === 'string') {
    link.send({ messageType: 'register', status: channel === 'conflict' ? 409 : 503, channelID });
    return true;
  }
  const pushEndpoint = parts.endpointOf(channel.token);
  link.send({ messageType: 'register', status: 200, channelID, pushEndpoint });
  return true;
}

function ack(parts: ProtocolParts, message: Fields): boolean {
  if (!Array.isArray(message.updates)) return false;
  for (const update of message.updates as readonly Fields[]) {
    const { channelID, version, code } = update ?? {};
    if (typeof channelID !== 'string' || typeof version !== 'string') return false;
    if (parts.mailboxes.remove(version))
      parts.onAck(channelID, version, typeof code === 'number' ? code : 100);
  }
  return true;
}

import { randomUUID } from 'node:crypto';
import { WebSocket } from 'ws';

/** A message as it came from the push service, still encrypted. */
export type MessageHandler = (body: Buffer) => 'delivered' | 'cannot decrypt';

/** The browser's end of the WebSocket to a push service; one carries any number of subscriptions. */
export interface PushConnection {
  /** Connects and says hello. Afterwards it reconnects by itself, under the same name, until `stop`. */
  start(): Promise<void>;
  /** Ends the connection; subscriptions stay, so that messages wait at the service until the next `start`. */
  stop(): Promise<void>;
  /**
   * Subscribes a new channel; resolves with where it is posted to.
   * @param applicationServerKey base64url; only that key may post
   */
  register(
    applicationServerKey: string,
    onMessage: MessageHandler,
  ): Promise<{ channelId: string; endpoint: string }>;
  unregister(channelId: string): Promise<void>;
}

export interface PushConnectionOptions {
  /** `ws://host:port/` of the push service. */
  readonly url: string;
  readonly reconnectAfterMs?: number;
  /** Certificate (PEM) to trust beside the public ones, for `wss:`. */
  readonly ca?: string;
}

interface Waiting {
  readonly resolve: (answer: Fields) => void;
  readonly reject: (error: Error) => void;
}
type Fields = Readonly<Record<string, unknown>>;

const ACK_DELIVERED = 100;
const ACK_CANNOT_DECRYPT = 101;

export function createPushConnection(options: PushConnectionOptions): PushConnection {
  const handlers = new Map<string, MessageHandler>();
  const waiting = new Map<string, Waiting>();
  let uaid = '';
  let socket: WebSocket | null = null;
  let stopped = false;
  let reconnect: NodeJS.Timeout | undefined;

  function connect(): Promise<void> {
    return new Promise((resolve, reject) => {
      const opening = new WebSocket(
        options.url,
        'push-notification',
        options.ca === undefined ? {} : { ca: options.ca },
      );
      socket = opening;
      opening.on('open', () =>
        opening.send(JSON.stringify({ messageType: 'hello', uaid, use_webpush: true })),
      );
      opening.on('message', (data) => {
        const message: Fields = JSON.parse(String(data));
        if (message.messageType === 'hello') {
          uaid = String(message.uaid);
          resolve();
        } else receive(opening, message);
      });
      opening.on('error', reject);
      opening.on('close', () => {
        const error = new Error('the push service closed the connection');
        reject(error);
        for (const { reject: fail } of waiting.values()) fail(error);
        waiting.clear();
        if (stopped) return;
        reconnect = setTimeout(() => {
          connect().catch(() => undefined); // its own close event plans the next try
        }, options.reconnectAfterMs ?? 1_000);
      });
    });
  }

  function receive(from: WebSocket, message: Fields): void {
    const channelID = String(message.channelID);
    if (message.messageType === 'notification') {
      const { version } = message;
      const body = Buffer.from(typeof message.data === 'string' ? message.data : '', 'base64url');
      const handler = handlers.get(channelID);
      if (handler === undefined) {
        from.send(JSON.stringify({ messageType: 'unregister', channelID }));
        return;
      }
      const code = handler(body) === 'delivered' ? ACK_DELIVERED : ACK_CANNOT_DECRYPT;
      from.send(JSON.stringify({ messageType: 'ack', updates: [{ channelID, version, code }] }));
      return;
    }
    const key = `${String(message.messageType)} ${channelID}`;
    waiting.get(key)?.resolve(message);
    waiting.delete(key);
  }

  async function ask(messageType: string, channelID: string, more: object): Promise<Fields> {
    const open = socket;
    if (open === null || open.readyState !== WebSocket.OPEN)
      throw new Error('not connected to the push service');
    const answer = new Promise<Fields>((resolve, reject) => {
      waiting.set(`${messageType} ${channelID}`, { resolve, reject });
    });
    open.send(JSON.stringify({ messageType, channelID, ...more }));
    const fields = await answer;
    if (fields.status !== 200)
      throw new Error(`the push service answered ${messageType} with ${String(fields.status)}`);
    return fields;
  }

  return {
    start() {
      stopped = false;
      return connect();
    },
    async stop() {
      stopped = true;
      clearTimeout(reconnect);
      const open = socket;
      if (open === null || open.readyState === WebSocket.CLOSED) return;
      await new Promise<void>((resolve) => {
        open.once('close', () => resolve());
        open.terminate();
      });
    },
    async register(applicationServerKey, onMessage) {
      const channelId = randomUUID();
      handlers.set(channelId, onMessage);
      try {
        const { pushEndpoint } = await ask('register', channelId, { key: applicationServerKey });
        return { channelId, endpoint: String(pushEndpoint) };
      } catch (error) {
        handlers.delete(channelId);
        throw error;
      }
    },
    async unregister(channelId) {
      handlers.delete(channelId);
      await ask('unregister', channelId, { code: 200 });
    },
  };
}

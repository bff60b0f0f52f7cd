import type { ServerResponse } from 'node:http';
import type { LiveEvent, LiveFeed } from './dependencies.ts';

/** Bytes that may wait for one reader; a reader further behind is dropped, and comes back to a fresh snapshot. */
const MAX_WAITING_BYTES = 1024 * 1024;
/** Events held back while the snapshot is made. */
const MAX_HELD_EVENTS = 10_000;
const HEARTBEAT_MS = 15_000;
/** What EventSource waits before it connects again. */
const RECONNECT_MS = 2_000;

/** The open live streams, so that they can be counted and closed. */
export interface LiveStreams {
  readonly size: number;
  /**
   * Writes the snapshot and then every event to a response until either side ends it.
   *
   * @param headers those that the server has set on the answer so far
   * @param isStillAllowed asked at every heartbeat: who signed out is told no more
   */
  serve(
    response: ServerResponse,
    headers: Readonly<Record<string, string>>,
    isStillAllowed: () => Promise<boolean>,
  ): Promise<void>;
  closeAll(): void;
}

/** @param heartbeatMs how often a comment keeps the connection open */
export function createLiveStreams(feed: LiveFeed, heartbeatMs = HEARTBEAT_MS): LiveStreams {
  const open = new Set<ServerResponse>();

  return {
    get size() {
      return open.size;
    },
    async serve(response, headers, isStillAllowed) {
      // Who hung up while being looked up has closed before anybody listened: nothing would ever clean up.
      if (response.destroyed) return;
      open.add(response);
      let held: LiveEvent[] | null = [];
      const write = (text: string) => {
        if (response.destroyed) return;
        response.write(text);
        if (response.writableLength > MAX_WAITING_BYTES) response.destroy();
      };
      const unsubscribe = feed.subscribe((event) => {
        if (held === null) return write(encode(event));
        held.push(event);
        if (held.length > MAX_HELD_EVENTS) response.destroy();
      });
      const heartbeat = setInterval(() => {
        isStillAllowed().then(
          (allowed) => (allowed ? write(':\n\n') : response.destroy()),
          () => response.destroy(),
        );
      }, heartbeatMs);
      response.once('close', () => {
        clearInterval(heartbeat);
        unsubscribe();
        open.delete(response);
      });
      response.writeHead(200, {
        ...headers,
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        // Proxies that buffer would hold events back.
        'x-accel-buffering': 'no',
      });
      write(`retry: ${RECONNECT_MS}\n\n`);
      // The snapshot is one burst that may be larger than the bound for a slow reader, so it goes out in step with it.
      for (const event of await feed.snapshot()) {
        if (response.destroyed) return;
        if (!response.write(encode(event))) await drained(response);
      }
      for (const event of held) write(encode(event));
      held = null;
    },
    closeAll() {
      for (const response of open) response.destroy();
    },
  };
}

/** Text of events under way: each goes to many readers, and is written once. */
const encoded = new WeakMap<LiveEvent, string>();

function encode(event: LiveEvent): string {
  const known = encoded.get(event);
  if (known !== undefined) return known;
  const text = `event: ${event.kind}\ndata: ${JSON.stringify(event)}\n\n`;
  encoded.set(event, text);
  return text;
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.once('drain', done);
    response.once('close', done);
  });
}

import type { MessagePort } from 'node:worker_threads';
import { type ErrorCode, WaysideError } from '../errors.ts';
import { buffersOf, type ScanBatch, type ScanQuery } from './telemetry-scan.ts';
import type { TelemetryScanner } from './telemetry-store.ts';

/** Batches that may be on their way: one is worked on while the next is read. */
const BATCHES_AHEAD = 2;

type ToStore = { readonly kind: 'scan'; readonly query: ScanQuery } | { readonly kind: 'next' };
type FromStore =
  | { readonly kind: 'batch'; readonly batch: ScanBatch }
  | { readonly kind: 'end' }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly detail: string };

/**
 * Serves one scan to another thread; ends with it, or when the port is closed. Batches are handed over, not copied, and only as
 * many as the other side has room for.
 */
export function serveScan(port: MessagePort, scanner: TelemetryScanner): void {
  let room = BATCHES_AHEAD;
  let closed = false;
  let ring: () => void = () => undefined;
  port.on('close', () => {
    closed = true;
    ring();
  });
  port.on('message', (message: ToStore) => {
    switch (message.kind) {
      case 'next':
        room += 1;
        ring();
        return;
      case 'scan':
        void serve(message.query);
    }
  });

  async function serve(query: ScanQuery): Promise<void> {
    const post = (message: FromStore, buffers: ArrayBuffer[] = []) => port.postMessage(message, buffers);
    try {
      for await (const batch of scanner.scan(query)) {
        while (room <= 0 && !closed) {
          await new Promise<void>((resolve) => {
            ring = resolve;
          });
        }
        if (closed) return;
        room -= 1;
        post({ kind: 'batch', batch }, buffersOf(batch));
      }
      post({ kind: 'end' });
    } catch (error) {
      const { code, detail } =
        error instanceof WaysideError
          ? error
          : new WaysideError('telemetry_unavailable', error instanceof Error ? error.message : String(error));
      post({ kind: 'failed', code, detail });
    }
  }
}

/** The other side of `serveScan`, for one scan. The port is closed when the scan ends, or nobody goes on with it. */
export function scannerThrough(port: MessagePort): TelemetryScanner {
  return {
    async *scan(query) {
      const arrived: FromStore[] = [];
      let ring: () => void = () => undefined;
      port.on('message', (message: FromStore) => {
        arrived.push(message);
        ring();
      });
      port.on('close', () => {
        const detail = 'the thread of the telemetry store ended the scan';
        arrived.push({ kind: 'failed', code: 'telemetry_unavailable', detail });
        ring();
      });
      const send = (message: ToStore) => port.postMessage(message);
      send({ kind: 'scan', query });
      try {
        for (;;) {
          const message = arrived.shift();
          if (message === undefined) {
            await new Promise<void>((resolve) => {
              ring = resolve;
            });
            continue;
          }
          switch (message.kind) {
            case 'batch':
              yield message.batch;
              send({ kind: 'next' });
              break;
            case 'failed':
              throw new WaysideError(message.code, message.detail);
            case 'end':
              return;
          }
        }
      } finally {
        port.close();
      }
    },
  };
}

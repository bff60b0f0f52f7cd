import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { Logger } from 'pino';
import type { DialectRequest } from '../../broker/codecs/codec.ts';
import type { LiveEvent, LiveFeed, RecordsChange } from '../http/dependencies.ts';
import type { TelemetryReader } from '../telemetry/telemetry-store.ts';
import { startWorker, type WorkerHandle } from '../worker-rpc.ts';
import type {
  DeviceError,
  EngineCalls,
  EngineListener,
  EngineSettings,
  EngineStatus,
  Removed,
  ScanRequest,
} from './engine-calls.ts';

/** The engine as the socket thread sees it. */
export interface EngineClient {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** The journal has grown. Any number of calls cost at most one message to the thread at a time. */
  grew(): void;
  /** Takes what is in the journal, and does what has fallen due. */
  catchUp(): Promise<void>;
  /** Resolves once the engine works by the change. */
  changed(change: RecordsChange): Promise<void>;
  /** See `EngineCalls`. */
  erase(removed: Removed, upToSeq: number): Promise<boolean>;
  status(): Promise<EngineStatus>;
  readonly telemetry: TelemetryReader;
  /** As of the telemetry store. */
  oldestPosition(): Promise<number | null>;
  /** As of the telemetry store. */
  copyTelemetry(file: string): Promise<boolean>;
  /** A port through which another thread can have one scan of the telemetry (`scannerThrough`). */
  openScan(): MessagePort;
  readonly live: LiveFeed;
}

export interface EngineClientParts {
  readonly settings: EngineSettings;
  readonly log: Logger;
  readonly onDeviceErrors: (errors: readonly DeviceError[]) => void;
  readonly onOutboxGrew: () => void;
  readonly onRequests: (requests: readonly DialectRequest[]) => void;
  /** The thread died: nothing more will be taken. */
  readonly onFailure: (error: Error) => void;
}

export function createEngineClient(parts: EngineClientParts): EngineClient {
  const listeners = new Set<(event: LiveEvent) => void>();
  let handle: WorkerHandle<EngineCalls> | null = null;
  let draining = false;
  let again = false;

  const publishLive = (events: readonly LiveEvent[]) => {
    for (const listener of listeners) for (const event of events) listener(event);
  };
  const served: EngineListener = {
    live: publishLive,
    deviceErrors: parts.onDeviceErrors,
    outboxGrew: parts.onOutboxGrew,
    requests: parts.onRequests,
  };
  const thread = () => {
    if (handle === null) throw new Error('the engine was not started');
    return handle.call;
  };

  function grew(): void {
    again = draining;
    if (draining || handle === null) return;
    draining = true;
    thread()
      .drain()
      .catch((error: unknown) => parts.log.error({ err: error }, 'engine could not drain the journal'))
      .finally(() => {
        draining = false;
        if (again) grew();
      });
  }

  return {
    async start() {
      handle = startWorker<EngineCalls, EngineListener>(
        new URL('./engine-thread.ts', import.meta.url),
        parts.settings,
        served,
        parts.onFailure,
      );
      await thread().start();
      grew();
    },
    async stop() {
      const running = handle;
      handle = null;
      await running?.call.stop();
      await running?.terminate();
    },
    grew,
    catchUp: () => thread().catchUp(),
    changed: (change) => thread().changed(change),
    erase: (removed, upToSeq) => thread().erase(removed, upToSeq),
    status: () => thread().status(),
    telemetry: { read: (query) => thread().read(query) },
    oldestPosition: () => thread().oldestPosition(),
    copyTelemetry: (file) => thread().copyTelemetry(file),
    openScan() {
      if (handle === null) throw new Error('the engine was not started');
      const { port1, port2 } = new MessageChannel();
      const request: ScanRequest = { kind: 'scan', port: port1 };
      handle.worker.postMessage(request, [port1]);
      return port2;
    },
    live: {
      publish: (event) => publishLive([event]),
      snapshot: () => thread().snapshot(),
      subscribe(listener) {
        listeners.add(listener);
        if (listeners.size === 1) thread().watch.asEvent(true);
        return () => {
          if (listeners.delete(listener) && listeners.size === 0 && handle !== null)
            thread().watch.asEvent(false);
        };
      },
    },
  };
}

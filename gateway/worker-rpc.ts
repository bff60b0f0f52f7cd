import { type MessagePort, parentPort, type ResourceLimits, Worker } from 'node:worker_threads';
import { createBirpc, type ProxifiedRemoteFunctions } from 'birpc';
import { type ErrorCode, type Problem, WaysideError } from './errors.ts';

type Functions = object;

/** The other side's functions, each answering with a promise. */
export type Calls<Remote extends Functions> = ProxifiedRemoteFunctions<Remote>;

export interface WorkerHandle<Remote extends Functions> {
  /** Calls functions that the worker serves; an error thrown there rejects here, and so does the thread's death. */
  readonly call: Calls<Remote>;
  /** For messages that must not be copied: give a transfer list. */
  readonly worker: Worker;
  /** Ends the thread; call the worker's own closing function first. */
  terminate(): Promise<void>;
}

/**
 * Starts a worker thread that serves `Remote` through `serveFromWorker`.
 *
 * @param file module of the worker
 * @param workerData plain data, read there as `workerData`
 * @param local functions that the worker may call
 * @param onFailure called once when the thread dies of an uncaught error or leaves by itself
 * @param limits V8's limits for the thread where its defaults do not fit
 * @param transfer what of `workerData` is handed over rather than copied
 */
export function startWorker<Remote extends Functions, Local extends Functions>(
  file: URL,
  workerData: unknown,
  local: Local,
  onFailure: (error: Error) => void,
  limits: ResourceLimits = {},
  transfer: MessagePort[] = [],
): WorkerHandle<Remote> {
  const worker = new Worker(file, { workerData, resourceLimits: limits, transferList: transfer });
  let expected = false;
  const died = (error: Error): void => {
    if (expected) return;
    expected = true;
    // Who waits for an answer would wait for ever.
    call.$close(error);
    onFailure(error);
  };
  worker.on('error', (error) => died(error instanceof Error ? error : new Error(String(error))));
  worker.on('exit', (code) =>
    died(new Error(`worker ${file.pathname.split('/').at(-1)} left with code ${code}`)),
  );
  const call = createBirpc<Remote, Local>(local, {
    post: (message) => worker.postMessage(message),
    on: (receive) => worker.on('message', receive),
    deserialize: withCodedError,
    timeout: -1,
  });
  return {
    call,
    worker,
    async terminate() {
      expected = true;
      await worker.terminate();
    },
  };
}

/** In the worker: serves `local` to the thread that started it, and gives what that thread serves. */
export function serveFromWorker<Remote extends Functions, Local extends Functions>(
  local: Local,
): Calls<Remote> {
  const port = parentPort;
  if (port === null) throw new Error('this module runs in a worker thread only');
  return createBirpc<Remote, Local>(local, {
    post: (message) => port.postMessage(message),
    on: (receive) => port.on('message', receive),
    serialize: withPlainError,
    timeout: -1,
  });
}

/** Structured cloning strips an error to its message: the code goes along as plain data. */
function withPlainError(message: { e?: unknown }): unknown {
  if (!(message.e instanceof WaysideError)) return message;
  const { code, detail, problems } = message.e;
  return { ...message, e: { code, detail, problems } };
}

function withCodedError(message: { e?: unknown }): unknown {
  const error = message.e as { code?: ErrorCode; detail?: string; problems?: readonly Problem[] } | undefined;
  if (error === undefined || error instanceof Error || error.code === undefined) return message;
  return {
    ...message,
    e: new WaysideError(error.code, error.detail ?? '', { problems: error.problems ?? [] }),
  };
}

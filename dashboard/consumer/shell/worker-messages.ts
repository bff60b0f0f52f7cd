import type { PageMessage, WorkerMessage } from '../worker/messages.ts';

/** Hears one kind of the worker's messages. Returns what ends it. */
export function onWorkerMessage(kind: WorkerMessage['kind'], listener: () => void): () => void {
  if (!('serviceWorker' in navigator)) return () => undefined;
  const hear = ({ data }: MessageEvent<WorkerMessage>) => {
    if (data.kind === kind) listener();
  };
  navigator.serviceWorker.addEventListener('message', hear);
  return () => navigator.serviceWorker.removeEventListener('message', hear);
}

/** Has the worker tell what it kept, now and whenever the browser is online again. Returns what ends it. */
export function tellWhenOnline(): () => void {
  if (!('serviceWorker' in navigator)) return () => undefined;
  const tell = () => {
    const message: PageMessage = { kind: 'tell' };
    navigator.serviceWorker.controller?.postMessage(message);
  };
  addEventListener('online', tell);
  tell();
  return () => removeEventListener('online', tell);
}

import { serveFromWorker } from '../../gateway/worker-rpc.ts';

export interface DyingWorker {
  echo(text: string): string;
  /** Answers never, and dies of it. */
  die(): Promise<void>;
}

serveFromWorker<object, DyingWorker>({
  echo: (text) => text,
  die() {
    setImmediate(() => {
      throw new Error('broken');
    });
    return new Promise(() => undefined);
  },
});

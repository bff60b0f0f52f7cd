/**
 * Loaded with `--import` into the gateway that the demo starts: when the demo is gone, however it went (SIGKILL included),
 * the channel to it closes, and the gateway stops as on Ctrl-C.
 */
import { isMainThread } from 'node:worker_threads';

// Worker threads inherit --import; they end with their process.
if (isMainThread && process.channel !== undefined) {
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  // The channel alone must not keep the process alive.
  process.channel.unref();
}

import { getHeapStatistics } from 'node:v8';
import { runInNewContext } from 'node:vm';

const LOOK_EVERY_MS = 10_000;
const WORTH_IT_BYTES = 32 * 1024 * 1024;

/**
 * Gives memory back after a burst. V8 collects when a heap has grown enough, and a heap that stays quiet behind ten thousand
 * logins keeps all their garbage. A context that comes and goes tells it that there may be some: its memory reducer then
 * collects bit by bit while the thread has nothing else to do.
 *
 * @returns stops it
 */
export function giveMemoryBack(lookEveryMs = LOOK_EVERY_MS): () => void {
  let knownBytes = getHeapStatistics().total_heap_size;
  const timer = setInterval(() => {
    const bytes = getHeapStatistics().total_heap_size;
    if (bytes > knownBytes + WORTH_IT_BYTES) runInNewContext('0');
    else if (bytes > knownBytes) return;
    knownBytes = bytes;
  }, lookEveryMs);
  timer.unref();
  return () => clearInterval(timer);
}

import type { World } from '../model/world.ts';
import type { Publisher } from './publisher.ts';

/** Short enough that devices do not speak in bursts. */
const TICK_MS = 100;
/** After the machine slept, the city goes on where it was. */
const LONGEST_STEP_SECONDS = 1;

export interface RunOptions {
  readonly world: World;
  readonly publisher: Publisher;
  /** Epoch ms for the readings' `at`. */
  readonly now: () => number;
}

/** Lets a world run in real time and publishes what it says. Returns the function that stops it. */
export function runWorld({ world, publisher, now }: RunOptions): () => void {
  let before = performance.now();
  const timer = setInterval(() => {
    const moment = performance.now();
    const seconds = Math.min(LONGEST_STEP_SECONDS, (moment - before) / 1000);
    before = moment;
    const at = Math.round(now());
    for (const { device, reading } of world.step(seconds)) publisher.publish(device, reading, at);
  }, TICK_MS);
  return () => clearInterval(timer);
}

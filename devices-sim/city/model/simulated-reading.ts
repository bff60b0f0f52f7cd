import type { Fix } from './gps.ts';

/** What a simulated device says at one moment, in the form of the MQTT contract, still without its time. */
export interface SimulatedReading {
  readonly position?: Fix;
  readonly metrics: Readonly<Record<string, number | boolean>>;
}

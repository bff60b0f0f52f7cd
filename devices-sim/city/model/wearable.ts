import { createGpsReceiver } from './gps.ts';
import type { Activity, Life } from './life.ts';
import type { Random } from './random.ts';
import type { SimulatedReading } from './simulated-reading.ts';

export interface Wearable {
  step(seconds: number, body: Life['body']): void;
  report(body: Life['body']): SimulatedReading;
}

/** Beats per minute above resting. */
const EFFORT: Readonly<Record<Activity, number>> = {
  driving: 12,
  walking: 36,
  home: 5,
  work: 9,
  cafe: 8,
  supermarket: 22,
  gym: 82,
  pharmacy: 14,
  fuel_station: 12,
};
const STEPS_PER_METRE = 1.35;
/** The heart closes half of the gap to its new rate in this time. */
const HEART_HALF_LIFE_SECONDS = 14;
const BATTERY_SECONDS = 5 * 24 * 3600;

/** A wrist band: heart rate and steps always, its place while the person is on foot (in the car it saves its battery). */
export function createWearable(random: Random, restingHeartRate: number): Wearable {
  const gps = createGpsReceiver(random.fork('gps'), 3.5);
  let heartRate = restingHeartRate + 10;
  let steps = random.integer(6000);
  let battery = random.between(0.25, 1);
  return {
    step(seconds, body) {
      const target = restingHeartRate + EFFORT[body.activity];
      heartRate = target + (heartRate - target) * 0.5 ** (seconds / HEART_HALF_LIFE_SECONDS);
      if (body.activity === 'walking') steps += body.speed * seconds * STEPS_PER_METRE;
      else if (body.activity === 'supermarket' || body.activity === 'gym') steps += 0.5 * seconds;
      battery = Math.max(0.02, battery - seconds / BATTERY_SECONDS);
    },
    report(body) {
      const metrics = {
        heartRate: Math.max(35, Math.round(heartRate + 2 * random.normal())),
        steps: Math.floor(steps),
        battery: Number(battery.toFixed(3)),
      };
      return body.activity === 'driving' || body.activity === 'fuel_station'
        ? { metrics }
        : { position: gps.fix(body.spot, body.speed), metrics };
    },
  };
}

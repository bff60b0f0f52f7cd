import type { City } from './city.ts';
import { createFridge } from './fridge.ts';
import { createLife, type Life } from './life.ts';
import type { Resident } from './people.ts';
import type { Random } from './random.ts';
import type { SimulatedReading } from './simulated-reading.ts';
import { createWearable } from './wearable.ts';

/** A device of the city, as it is registered at the gateway. */
export interface CityDevice {
  readonly id: string;
  readonly type: 'car' | 'wearable' | 'fridge';
  /** Id of the resident it belongs to. */
  readonly owner: string;
}

export interface DeviceReading {
  readonly device: string;
  readonly reading: SimulatedReading;
}

export interface World {
  readonly devices: readonly CityDevice[];
  /** Lets `seconds` pass, and gives what the devices that are due have to say. */
  step(seconds: number): readonly DeviceReading[];
}

export interface WorldOptions {
  readonly city: City;
  readonly residents: readonly Resident[];
  readonly random: Random;
  /** At most so many devices; each person has up to three: car, wearable, fridge. */
  readonly maxDevices?: number;
  /** Seconds between two readings of a moving device; things that stand still report more rarely. */
  readonly intervalSeconds: number;
}

/** A device in step with its owner's life. */
interface Machine {
  readonly device: CityDevice;
  step(seconds: number): void;
  report(): SimulatedReading;
  /** Seconds until it reports again. */
  pause(): number;
}

/** How much more rarely those report that stand still. */
const STANDING_FACTOR = 10;

/** Everybody and everything in the city. The same city, residents and random source give the same readings. */
export function createWorld({
  city,
  residents,
  random,
  maxDevices = Number.POSITIVE_INFINITY,
  intervalSeconds,
}: WorldOptions): World {
  const lives: Life[] = [];
  const machines: { machine: Machine; dueInSeconds: number }[] = [];
  for (const [index, resident] of residents.entries()) {
    const own = random.fork(`resident ${index}`);
    const life = createLife(city, resident, own.fork('life'));
    lives.push(life);
    for (const machine of machinesOf(resident, life, own, intervalSeconds)) {
      if (machines.length >= maxDevices) break;
      machines.push({ machine, dueInSeconds: own.between(0, intervalSeconds) });
    }
  }
  return {
    devices: machines.map(({ machine }) => machine.device),
    step(seconds) {
      for (const life of lives) life.step(seconds);
      const readings: DeviceReading[] = [];
      for (const entry of machines) {
        const { machine } = entry;
        machine.step(seconds);
        entry.dueInSeconds -= seconds;
        // Whoever starts to move reports at once.
        entry.dueInSeconds = Math.min(entry.dueInSeconds, machine.pause());
        if (entry.dueInSeconds > 0) continue;
        readings.push({ device: machine.device.id, reading: machine.report() });
        entry.dueInSeconds = Math.max(0, entry.dueInSeconds + machine.pause());
      }
      return readings;
    },
  };
}

function machinesOf(resident: Resident, life: Life, random: Random, intervalSeconds: number): Machine[] {
  const owner = resident.id;
  const wearable = createWearable(random.fork('wearable'), resident.restingHeartRate);
  const fridge = createFridge(random.fork('fridge'));
  const nothing = (): void => undefined;
  return [
    {
      device: { id: `${owner}-car`, type: 'car', owner },
      // The car is driven by its owner's life.
      step: nothing,
      report: () => life.car.report(life.carState),
      pause: () => (life.carState.running ? 1 : STANDING_FACTOR) * intervalSeconds,
    },
    {
      device: { id: `${owner}-wearable`, type: 'wearable', owner },
      step: (seconds) => wearable.step(seconds, life.body),
      report: () => wearable.report(life.body),
      pause: () => (life.body.activity === 'walking' ? 1 : STANDING_FACTOR / 2) * intervalSeconds,
    },
    {
      device: { id: `${owner}-fridge`, type: 'fridge', owner },
      step: (seconds) => fridge.step(seconds, life.shoppingTrips),
      report: () => fridge.report(),
      pause: () => STANDING_FACTOR * intervalSeconds,
    },
  ];
}

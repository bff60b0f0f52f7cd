import { createGpsReceiver } from './gps.ts';
import type { Spot } from './path.ts';
import type { Random } from './random.ts';
import type { SimulatedReading } from './simulated-reading.ts';

export interface Car {
  /** Share of the tank, 0 to 1. */
  readonly fuel: number;
  /** The engine ran for `seconds` and moved the car by `metres`. */
  drive(seconds: number, metres: number): void;
  /** Stands with the engine off. */
  stand(seconds: number): void;
  /** Fills the tank for `seconds`; true once it is full. */
  refuel(seconds: number): boolean;
  /** What the car's adapter says now. */
  report(state: { spot: Spot; speed: number; running: boolean }): SimulatedReading;
}

/** A share of the tank per metre, 8 % a kilometre: far thirstier than real cars, for days are short here. */
const FUEL_PER_METRE = 0.08 / 1000;
const IDLE_FUEL_PER_SECOND = 0.00002;
/** A tank in 50 s. */
const REFUEL_PER_SECOND = 0.02;
const WARM_ENGINE_CELSIUS = 90;
const OUTSIDE_CELSIUS = 16;
const IDLE_RPM = 820;

/**
 * A car with its adapter: fuel, engine and satellite receiver.
 *
 * @param fuelAtStart share of the tank; by chance where not given
 */
export function createCar(random: Random, fuelAtStart?: number): Car {
  const gps = createGpsReceiver(random.fork('gps'), 2.5);
  // A third of all cars begin nearly empty, so that filling stations are visited from the start.
  let fuel = fuelAtStart ?? (random.chance(0.34) ? random.between(0.05, 0.14) : random.between(0.2, 0.95));
  let odometerMetres = random.between(4e6, 1.6e8);
  let coolant = random.between(OUTSIDE_CELSIUS, WARM_ENGINE_CELSIUS);

  const warmTowards = (target: number, seconds: number, halfLifeSeconds: number) => {
    coolant = target + (coolant - target) * 0.5 ** (seconds / halfLifeSeconds);
  };

  return {
    get fuel() {
      return fuel;
    },
    drive(seconds, metres) {
      // Nobody is stranded here: the last drops last.
      fuel = Math.max(0.01, fuel - metres * FUEL_PER_METRE - seconds * IDLE_FUEL_PER_SECOND);
      odometerMetres += metres;
      warmTowards(WARM_ENGINE_CELSIUS, seconds, 40);
    },
    stand(seconds) {
      warmTowards(OUTSIDE_CELSIUS, seconds, 900);
    },
    refuel(seconds) {
      fuel = Math.min(1, fuel + seconds * REFUEL_PER_SECOND);
      return fuel >= 1;
    },
    report({ spot, speed, running }) {
      return {
        position: gps.fix(spot, speed),
        metrics: {
          fuel: rounded(fuel, 4),
          ignition: running,
          rpm: running ? Math.round(engineSpeed(speed) + 30 * random.normal()) : 0,
          engineLoad: running ? rounded(Math.min(1, 0.18 + speed / 45), 2) : 0,
          coolantTemperature: rounded(coolant, 1),
          odometer: Math.round(odometerMetres),
        },
      };
    },
  };
}

/** Revolutions per minute of a five-speed gearbox that shifts every 6 m/s or so. */
function engineSpeed(speed: number): number {
  if (speed < 0.5) return IDLE_RPM;
  const gear = Math.min(4, Math.floor(speed / 5));
  return 1300 + (speed - gear * 5) * (gear === 4 ? 110 : 260);
}

function rounded(value: number, decimals: number): number {
  return Number(value.toFixed(decimals));
}

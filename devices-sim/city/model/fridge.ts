import type { Random } from './random.ts';
import type { SimulatedReading } from './simulated-reading.ts';

export interface Fridge {
  /** @param shoppingTrips how often groceries came home so far */
  step(seconds: number, shoppingTrips: number): void;
  report(): SimulatedReading;
}

const WARMEST_CELSIUS = 6.5;
const COLDEST_CELSIUS = 4;
const FULL_MILK_LITRES = 2;
/** When nobody of the family drives to the shop, somebody fetches milk at the corner after this long. */
const PATIENCE_SECONDS = 300;

/** A fridge: the compressor runs between two temperatures, the door is opened now and then, and milk is drunk. */
export function createFridge(random: Random): Fridge {
  let temperature = random.between(COLDEST_CELSIUS, WARMEST_CELSIUS);
  let compressor = random.chance(0.4);
  let humidity = random.between(0.4, 0.55);
  let milkLitres = random.chance(0.3) ? random.between(0.35, 0.7) : random.between(0.7, FULL_MILK_LITRES);
  let doorOpenSeconds = 0;
  let nextOpeningSeconds = random.between(4, 90);
  let emptySeconds = 0;
  let tripsSeen = 0;
  return {
    step(seconds, shoppingTrips) {
      nextOpeningSeconds -= seconds;
      if (nextOpeningSeconds <= 0) {
        doorOpenSeconds = random.between(4, 14);
        nextOpeningSeconds = random.between(40, 120);
        milkLitres = Math.max(0, milkLitres - random.between(0.08, 0.25));
      }
      doorOpenSeconds = Math.max(0, doorOpenSeconds - seconds);
      emptySeconds = milkLitres < 0.1 ? emptySeconds + seconds : 0;
      if (shoppingTrips > tripsSeen || emptySeconds > PATIENCE_SECONDS) {
        tripsSeen = shoppingTrips;
        milkLitres = FULL_MILK_LITRES;
      }
      if (temperature > WARMEST_CELSIUS) compressor = true;
      if (temperature < COLDEST_CELSIUS) compressor = false;
      // Degrees per second: through the walls, through the open door, and what the compressor takes away.
      temperature += seconds * (0.006 + (doorOpenSeconds > 0 ? 0.05 : 0) - (compressor ? 0.03 : 0));
      humidity += seconds * (doorOpenSeconds > 0 ? 0.004 : (0.45 - humidity) * 0.02);
    },
    report() {
      return {
        metrics: {
          temperature: Number((temperature + 0.05 * random.normal()).toFixed(2)),
          humidity: Number(Math.min(1, humidity).toFixed(3)),
          door: doorOpenSeconds > 0,
          milk: Number(milkLitres.toFixed(2)),
          compressor,
        },
      };
    },
  };
}

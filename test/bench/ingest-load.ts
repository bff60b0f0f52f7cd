/** One simulated device of the load: its user name, token and client id. */
export interface LoadDevice {
  readonly id: string;
  readonly token: string;
}

/** What the generator process is asked for; comes as JSON in its first argument. */
export interface LoadOrder {
  readonly port: number;
  readonly devices: readonly LoadDevice[];
  readonly seconds: number;
  /**
   * `clients`: the `mqtt` package, as devices and services speak it. `packets`: packets made beforehand and
   * acknowledgements counted but not read, a write a message. `packets-together`: the same with one write for all that may
   * leave, as a gateway sends that speaks for many, which costs the load next to nothing and leaves the brokers the cores.
   */
  readonly from: 'clients' | 'packets' | 'packets-together';
  readonly load:
    | { readonly kind: 'closed'; readonly window: number }
    /** Sends at its own pace, however slow the answers are. */
    | { readonly kind: 'open'; readonly perSecond: number };
}

/** What it prints as one line of JSON. */
export interface LoadReport {
  readonly acknowledged: number;
  /** From the first PUBLISH to the last PUBACK, ms. */
  readonly elapsedMs: number;
  /** CPU time that the generator took for it, ms. */
  readonly cpuMs: number;
  /** Percentiles of the time from when a message was due to its PUBACK, ms; open load only. */
  readonly latencyMs: {
    readonly p50: number;
    readonly p99: number;
    readonly p999: number;
    readonly max: number;
  } | null;
}

/** Centre of the square in which the simulated devices drive. */
export const CENTRE = { lat: 45.4642, lon: 9.19 } as const;
/** Half the side of the square, degrees of latitude: about 5 km. */
export const HALF_SIDE_DEGREES = 0.045;

const FIXES = 512;
const METRES_PER_DEGREE = 111_195;
/** So slow that a device that says it a thousand times a second still moves like a car, and is not held as a jump. */
const STEP_METRES = 0.02;

/**
 * A closed drive of 512 fixes, about 2 cm apart, as payloads of equal length.
 *
 * @param device number of the device, from 0
 * @param devices how many there are; they are spread evenly over the square
 */
export function drive(device: number, devices: number): readonly string[] {
  const columns = Math.ceil(Math.sqrt(devices));
  const centreLat =
    CENTRE.lat + HALF_SIDE_DEGREES * ((2 * (Math.floor(device / columns) + 0.5)) / columns - 1);
  const centreLon = CENTRE.lon + HALF_SIDE_DEGREES * ((2 * ((device % columns) + 0.5)) / columns - 1);
  const radiusDegrees = (FIXES * STEP_METRES) / (2 * Math.PI) / METRES_PER_DEGREE;
  return Array.from({ length: FIXES }, (_, n) => {
    const angle = (2 * Math.PI * n) / FIXES;
    const lat = (centreLat + radiusDegrees * Math.sin(angle)).toFixed(8);
    const lon = (
      centreLon +
      (radiusDegrees * Math.cos(angle)) / Math.cos((centreLat * Math.PI) / 180)
    ).toFixed(8);
    const fuel = (0.6 - (0.2 * n) / FIXES).toFixed(4);
    return `{"position":{"lat":${lat},"lon":${lon},"accuracy":8,"speed":13.9},"metrics":{"fuel":${fuel},"rpm":${2000 + n}}}`;
  });
}

/** CPU time of this process so far, ms. */
export function ownCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

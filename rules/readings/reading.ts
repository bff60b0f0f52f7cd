/** A place on earth as a device reported it. Degrees (WGS 84), metres, metres per second. */
export interface Position {
  readonly lat: number;
  readonly lon: number;
  /** Radius in metres within which the device believes itself to be. */
  readonly accuracy?: number;
  /** Metres per second. */
  readonly speed?: number;
  /** Degrees clockwise from true north, 0 to 360. */
  readonly heading?: number;
  /** Metres above the ellipsoid or sea level, as the device has it. */
  readonly altitude?: number;
}

/** A finite number, a boolean, or a string of at most 256 bytes. */
export type MetricValue = number | boolean | string;

/** What a device said at one moment. At least one of position, metrics or event is there. */
export interface Reading {
  /** Epoch milliseconds as the device gave them; absent where the device gave none. */
  readonly at?: number;
  readonly position?: Position;
  readonly metrics?: Readonly<Record<string, MetricValue>>;
  readonly event?: string;
  /**
   * Units of metrics by name, where the dialect names them (SenML, Sparkplug): values come in that unit, and are turned into
   * the device type's own when they are taken in, or else into SI units. Spellings: `units.ts`.
   */
  readonly units?: Readonly<Record<string, string>>;
}

/** Why (part of) a message was put in quarantine: a closed list. */
export const QUARANTINE_CODES = [
  'bad_json',
  'bad_shape',
  'bad_position',
  'bad_metric',
  'bad_time',
  'too_large',
  'unknown_type',
  'bad_encoding',
] as const;

export type QuarantineCode = (typeof QUARANTINE_CODES)[number];

/** One thing that was wrong with a message, told to the device and kept in quarantine. */
export interface ReadingProblem {
  readonly code: QuarantineCode;
  /** What was found, where, and what is allowed; safe to show, holds no position. */
  readonly message: string;
  /** The part of a reading that was refused while the rest of it was kept; absent: the reading, or the message, as a whole. */
  readonly part?: ReadingPart;
}

export type ReadingPart = { readonly kind: 'position' } | { readonly kind: 'metric'; readonly name: string };

/**
 * What is worth counting about a reading, be it refused for it or not. `name` is a metric, or a field of the position such as
 * `position.speed`.
 */
export interface Remark {
  readonly kind:
    | 'unknown_metric'
    | 'out_of_range'
    | 'wrong_kind'
    | 'kind_changed'
    | 'unit_converted'
    | 'null_island';
  readonly name: string;
}

/**
 * What the gateway noted about a reading when it took it in. `null_island`: its position is exactly 0°, 0°, as receivers say that
 * have no fix; it is kept, for a buoy is moored there.
 */
export type ReadingFlag = 'late' | 'clock_corrected' | 'null_island';

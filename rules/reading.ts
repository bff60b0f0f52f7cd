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
}

/** What the gateway noted about a reading when it took it in. */
export type ReadingFlag = 'late' | 'clock_corrected';

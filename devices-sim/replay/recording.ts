import { Unusable } from '../unusable.ts';

/** One moment of a recorded journey, in the form of the MQTT contract: SI units, `at` in epoch ms. */
export interface RecordedReading {
  readonly at: number;
  readonly position?: {
    readonly lat: number;
    readonly lon: number;
    readonly accuracy?: number;
    readonly speed?: number;
    readonly heading?: number;
    readonly altitude?: number;
  };
  readonly metrics?: Readonly<Record<string, number | string>>;
}

/** What a file says, in order of time. */
export interface Recording {
  /** File name without its ending. */
  readonly name: string;
  readonly format: string;
  /** Id of a built-in device type. */
  readonly deviceType: string;
  readonly readings: readonly RecordedReading[];
  /** Rows or points of which nothing could be used. */
  readonly skipped: number;
}

/** A way to write recordings; one file a format. */
export interface RecordingFormat {
  readonly name: string;
  readonly deviceType: string;
  /** Whether the text looks like this format; cheap. */
  recognises(text: string): boolean;
  /** Readings in file order; throws `RecordingError` where the file as a whole makes no sense. */
  parse(text: string): { readonly readings: readonly RecordedReading[]; readonly skipped: number };
}

/** Says what is wrong with a file, for the one who chose it. */
export class RecordingError extends Unusable {
  override readonly name: string = 'RecordingError';
}

/** A reading of which at least something is known, or null. Leaves out what is undefined or not finite. */
export function makeReading(
  at: number,
  position: Readonly<Record<string, number | undefined>>,
  metrics: Readonly<Record<string, number | string | undefined>>,
): RecordedReading | null {
  if (!Number.isFinite(at)) return null;
  const known = present(position);
  const { lat, lon } = known as { lat?: number; lon?: number };
  const onGlobe = lat !== undefined && lon !== undefined && Math.abs(lat) <= 90 && Math.abs(lon) <= 180;
  const values = present(metrics);
  if (!onGlobe && Object.keys(values).length === 0) return null;
  return {
    at,
    ...(onGlobe && { position: { ...known, lat, lon } }),
    ...(Object.keys(values).length > 0 && { metrics: values }),
  };
}

function present<T>(record: Readonly<Record<string, T | undefined>>): Record<string, T> {
  return Object.fromEntries(
    Object.entries(record).filter(
      (entry): entry is [string, T] =>
        entry[1] !== undefined && (typeof entry[1] !== 'number' || Number.isFinite(entry[1])),
    ),
  );
}

import { makeReading, type RecordedReading, RecordingError, type RecordingFormat } from '../recording.ts';

const KMH_PER_MS = 3.6;
const SECONDS_PER_HOUR = 3600;
/** Dilution of precision from here on means "no fix", for which some receivers say 500. */
const NO_DILUTION = 100;

interface Phenomenon {
  readonly value: number;
  readonly unit: string;
}

/** To a millionth: trips were computed in 32-bit floats, in which 100 % became 100.0000015, and no ratio is above 1. */
const ratio = (percent: number): number => Math.round(percent * 10_000) / 1_000_000;

/** Metrics whose meaning is known: their name, and how they become SI (or the unit of the built-in car type). */
const METRICS: Readonly<Record<string, readonly [name: string, toSi: (value: number) => number]>> = {
  Speed: ['speed', (kmh) => kmh / KMH_PER_MS],
  Rpm: ['rpm', (perMinute) => perMinute],
  'Engine Load': ['engineLoad', ratio],
  'Throttle Position': ['throttle', ratio],
  'Intake Temperature': ['intakeTemperature', (celsius) => celsius],
  'Intake Pressure': ['intakePressure', (kilopascal) => kilopascal * 1000],
  MAF: ['massAirFlow', (gramsPerSecond) => gramsPerSecond / 1000],
  'Calculated MAF': ['massAirFlow', (gramsPerSecond) => gramsPerSecond / 1000],
  Consumption: ['fuelFlow', (litresPerHour) => litresPerHour / 1000 / SECONDS_PER_HOUR],
  CO2: ['co2', (kilogramsPerHour) => kilogramsPerHour / SECONDS_PER_HOUR],
};
const OF_POSITION = ['GPS Accuracy', 'GPS Speed', 'GPS Bearing', 'GPS Altitude'];
const DILUTIONS = ['GPS HDOP', 'GPS VDOP', 'GPS PDOP'];

/** enviroCar tracks: GeoJSON points with `phenomenons` of an OBD-II adapter and of the phone's receiver. */
export const envirocarFormat: RecordingFormat = {
  name: 'enviroCar GeoJSON',
  deviceType: 'car',
  recognises: (text) => /^\s*\{/.test(text) && text.includes('"phenomenons"'),
  parse(text) {
    const features = readFeatures(text);
    const readings = features.map(toReading).filter((reading) => reading !== null);
    return { readings, skipped: features.length - readings.length };
  },
};

function readFeatures(text: string): readonly unknown[] {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw new RecordingError('is not valid JSON', error);
  }
  const features = asRecord(document).features;
  if (!Array.isArray(features)) throw new RecordingError('has no list of features');
  return features;
}

function toReading(feature: unknown): RecordedReading | null {
  const { geometry, properties } = asRecord(feature);
  const { coordinates } = asRecord(geometry);
  const [lon, lat] = Array.isArray(coordinates) ? coordinates : [];
  const { time, phenomenons } = asRecord(properties);
  const phenomena = new Map(
    Object.entries(asRecord(phenomenons)).flatMap(([name, value]) => {
      const { value: number, unit } = asRecord(value);
      return typeof number === 'number'
        ? [[name, { value: number, unit: String(unit) } satisfies Phenomenon] as const]
        : [];
    }),
  );
  const value = (name: string) => phenomena.get(name)?.value;
  const speed = value('GPS Speed');
  const heading = value('GPS Bearing');
  return makeReading(
    Date.parse(String(time)),
    {
      lat: typeof lat === 'number' ? lat : undefined,
      lon: typeof lon === 'number' ? lon : undefined,
      // Its unit is given as "%", and it means metres.
      accuracy: value('GPS Accuracy'),
      speed: speed === undefined ? undefined : speed / KMH_PER_MS,
      // Interpolated between two bearings beside north, it came out above 360: nothing can be known from that.
      heading: heading !== undefined && heading >= 0 && heading <= 360 ? heading : undefined,
      altitude: value('GPS Altitude'),
    },
    Object.fromEntries([...phenomena].flatMap(([name, phenomenon]) => metricOf(name, phenomenon.value))),
  );
}

function metricOf(name: string, value: number): readonly (readonly [string, number])[] {
  if (OF_POSITION.includes(name)) return [];
  if (DILUTIONS.includes(name))
    return value < NO_DILUTION ? [[name.slice('GPS '.length).toLowerCase(), value]] : [];
  const known = METRICS[name];
  return known === undefined ? [[camelCase(name), value]] : [[known[0], known[1](value)]];
}

/** "O2 Lambda Voltage" → "o2LambdaVoltage": a name that a rule's condition can use. */
function camelCase(name: string): string {
  const [first = 'value', ...rest] = name.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  return (
    first.toLowerCase() +
    rest.map((word) => word.charAt(0).toUpperCase() + word.slice(1).toLowerCase()).join('')
  );
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

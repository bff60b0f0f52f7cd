/**
 * A unit as a multiple of another: `value * factor + offset` gives it in the unit that stands for its dimension. Spellings are those
 * of the device types here, of SenML (RFC 8428 §12.1, RFC 8798) and of UCUM as Sparkplug devices write them.
 */
interface Unit {
  readonly dimension: string;
  readonly factor: number;
  readonly offset: number;
}

const unit = (dimension: string, factor = 1, offset = 0): Unit => ({ dimension, factor, offset });

const UNITS: ReadonlyMap<string, Unit> = new Map(
  Object.entries({
    'm/s': unit('speed'),
    'km/h': unit('speed', 1 / 3.6),
    mph: unit('speed', 0.44704),
    kn: unit('speed', 1852 / 3600),
    m: unit('length'),
    mm: unit('length', 1e-3),
    cm: unit('length', 1e-2),
    km: unit('length', 1e3),
    mi: unit('length', 1609.344),
    ft: unit('length', 0.3048),
    '°C': unit('temperature'),
    Cel: unit('temperature'),
    K: unit('temperature', 1, -273.15),
    '°F': unit('temperature', 5 / 9, -160 / 9),
    degF: unit('temperature', 5 / 9, -160 / 9),
    '': unit('number'),
    '1': unit('number'),
    ratio: unit('number'),
    '/': unit('number'),
    '%': unit('number', 1e-2),
    '%RH': unit('number', 1e-2),
    '%EL': unit('number', 1e-2),
    '1/min': unit('frequency', 1 / 60),
    'beat/min': unit('frequency', 1 / 60),
    rpm: unit('frequency', 1 / 60),
    '1/s': unit('frequency'),
    Hz: unit('frequency'),
    s: unit('time'),
    ms: unit('time', 1e-3),
    min: unit('time', 60),
    h: unit('time', 3600),
    Pa: unit('pressure'),
    hPa: unit('pressure', 100),
    mbar: unit('pressure', 100),
    kPa: unit('pressure', 1e3),
    bar: unit('pressure', 1e5),
    psi: unit('pressure', 6894.757293168),
    l: unit('volume', 1e-3),
    L: unit('volume', 1e-3),
    ml: unit('volume', 1e-6),
    m3: unit('volume'),
    V: unit('voltage'),
    mV: unit('voltage', 1e-3),
    A: unit('current'),
    mA: unit('current', 1e-3),
    W: unit('power'),
    kW: unit('power', 1e3),
    J: unit('energy'),
    Wh: unit('energy', 3600),
    kWh: unit('energy', 3.6e6),
    kg: unit('mass'),
    g: unit('mass', 1e-3),
    deg: unit('angle'),
    '°': unit('angle'),
    rad: unit('angle', 180 / Math.PI),
    'm/s2': unit('acceleration'),
    lx: unit('illuminance'),
    dBm: unit('level', 1, -30),
    dBW: unit('level'),
    '/100': unit('number', 1e-2),
    '/1000': unit('number', 1e-3),
    ppm: unit('number', 1e-6),
    'mm/h': unit('speed', 1 / 3.6e6),
    'm/h': unit('speed', 1 / 3600),
    degC: unit('temperature'),
  }),
);

/** The unit in which values of a dimension are kept where no device type names another. Frequencies and angles stay as sent. */
const KEPT_UNITS: Readonly<Record<string, string>> = {
  speed: 'm/s',
  length: 'm',
  temperature: '°C',
  number: 'ratio',
  time: 's',
  pressure: 'Pa',
  volume: 'l',
  voltage: 'V',
  current: 'A',
  power: 'W',
  energy: 'J',
  mass: 'kg',
  level: 'dBW',
};

/** The unit that a value in this one is kept in: SI, °C and litres; the same one where it is not known. */
export function keptUnit(unit: string): string {
  const dimension = UNITS.get(unit)?.dimension;
  return (dimension === undefined ? undefined : KEPT_UNITS[dimension]) ?? unit;
}

/** Digits that a converted value keeps: a double has 15, and 36 km/h must be 10 m/s, not 9.999999999999998. */
const KEPT_DIGITS = 14;

/**
 * @returns the value in the other unit; null where one measures something else, or is not known here and not the same
 */
export function convertUnit(value: number, from: string, to: string): number | null {
  if (from === to) return value;
  const [source, target] = [UNITS.get(from), UNITS.get(to)];
  if (source === undefined || target === undefined || source.dimension !== target.dimension) return null;
  if (source.factor === target.factor && source.offset === target.offset) return value;
  const amount = (value * source.factor + source.offset - target.offset) / target.factor;
  return Number(amount.toPrecision(KEPT_DIGITS));
}

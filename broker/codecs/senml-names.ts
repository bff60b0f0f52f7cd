/** A device's own name (RFC 9039), then what it names within the device. */
const DEVICE_URN = /^urn:dev:[a-z]+:[^:;_/]+[:;_/]?(.*)$/;
const SEPARATORS = /^[:/_.-]+|[:/_.-]+$/g;

/** What a value is called whose record names only the device: by what its unit measures. */
const NAMES_BY_UNIT: ReadonlyMap<string, string> = new Map([
  ['Cel', 'temperature'],
  ['K', 'temperature'],
  ['degF', 'temperature'],
  ['%RH', 'humidity'],
  ['%EL', 'battery'],
  ['EL', 'batterySeconds'],
  ['V', 'voltage'],
  ['mV', 'voltage'],
  ['A', 'current'],
  ['mA', 'current'],
  ['W', 'power'],
  ['kW', 'power'],
  ['J', 'energy'],
  ['Wh', 'energy'],
  ['kWh', 'energy'],
  ['Pa', 'pressure'],
  ['hPa', 'pressure'],
  ['lx', 'illuminance'],
  ['m/s', 'speed'],
  ['km/h', 'speed'],
  ['m', 'distance'],
  ['kg', 'mass'],
  ['Hz', 'frequency'],
  ['dB', 'soundLevel'],
  ['beat/min', 'heartRate'],
]);
const ANY_VALUE = 'value';

/**
 * The metric that a record is: `temperature` for base name `urn:dev:ow:10e2073a01080063:` and name `temperature`. The device
 * is known already, so its name says nothing more; where nothing else is named, the unit says what was measured.
 *
 * @param name base name and name together
 */
export function senmlMetricName(baseName: string, name: string, unit: string | undefined): string {
  const within = DEVICE_URN.exec(name)?.[1] ?? (name === baseName ? name : name.slice(baseName.length));
  const own = within.replace(SEPARATORS, '');
  return own !== '' ? own : (NAMES_BY_UNIT.get(unit ?? '') ?? ANY_VALUE);
}

import { SaxesParser } from 'saxes';
import { makeReading, type RecordedReading, RecordingError, type RecordingFormat } from '../recording.ts';

/** Elements of a track point that are a position's own, by their name without prefix. GPX 1.0 has speed and course itself. */
const POSITION_ELEMENTS: Readonly<Record<string, string>> = {
  ele: 'altitude',
  speed: 'speed',
  course: 'heading',
  accuracy: 'accuracy',
};
/** What Garmin's TrackPointExtension and many apps add. */
const METRIC_ELEMENTS: Readonly<Record<string, string>> = {
  hr: 'heartRate',
  cad: 'cadence',
  atemp: 'temperature',
  power: 'power',
  hdop: 'hdop',
  vdop: 'vdop',
  pdop: 'pdop',
};

interface TrackPoint {
  readonly position: Record<string, number | undefined>;
  readonly metrics: Record<string, number | undefined>;
  time: string;
}

/** GPX 1.0 and 1.1: the points of all tracks and segments. Way points and routes have no journey in them, and are left out. */
export const gpxFormat: RecordingFormat = {
  name: 'GPX',
  deviceType: 'phone',
  recognises: (text) => /<(\w+:)?gpx[\s>]/.test(text.slice(0, 2000)),
  parse(text) {
    const readings: RecordedReading[] = [];
    let skipped = 0;
    let point: TrackPoint | null = null;
    let characters = '';
    const parser = new SaxesParser();
    parser.on('error', (error) => {
      // Thrown to end the parsing: what stands after a fault can't be trusted. The message has line and column.
      throw new RecordingError(`is not well-formed XML: ${error.message}`, error);
    });
    parser.on('opentag', (tag) => {
      characters = '';
      if (localName(tag.name) !== 'trkpt') return;
      const { lat, lon } = tag.attributes;
      point = { position: { lat: decimal(lat), lon: decimal(lon) }, metrics: {}, time: '' };
    });
    parser.on('text', (piece) => {
      characters += piece;
    });
    parser.on('cdata', (piece) => {
      characters += piece;
    });
    parser.on('closetag', (tag) => {
      const name = localName(tag.name);
      if (point === null) return;
      if (name === 'trkpt') {
        const reading = makeReading(parseTime(point.time), point.position, point.metrics);
        if (reading === null) skipped += 1;
        else readings.push(reading);
        point = null;
      } else {
        takeElement(point, name, characters.trim());
      }
      characters = '';
    });
    parser.write(text.replace(/^\ufeff/, '')).close();
    if (readings.length === 0 && skipped > 0)
      throw new RecordingError(`has ${skipped} track points, and none with a time`);
    return { readings, skipped };
  },
};

function takeElement(point: TrackPoint, name: string, text: string): void {
  const ofPosition = POSITION_ELEMENTS[name];
  const metric = METRIC_ELEMENTS[name];
  if (name === 'time') point.time = text;
  else if (ofPosition !== undefined) point.position[ofPosition] = decimal(text);
  else if (metric !== undefined) point.metrics[metric] = decimal(text);
}

/** xsd:dateTime; without an offset it is UTC (GPX 1.1: "Date and time in are in Univeral Coordinated Time"). */
function parseTime(text: string): number {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?$/.test(text)) return Number.NaN;
  return Date.parse(/(Z|[+-]\d\d:\d\d)$/.test(text) ? text : `${text}Z`);
}

function decimal(text: string | undefined): number | undefined {
  return text !== undefined && /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)
    ? Number(text)
    : undefined;
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}

import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jsonCodec } from '../../broker/codecs/json.ts';
import { journeysOf, readRecording } from '../../devices-sim/replay/read-recording.ts';

const DATA = path.resolve(import.meta.dirname, '../../../shared/data');
const hasData = await fs.access(DATA).then(
  () => true,
  () => false,
);

let directory: string;
beforeAll(async () => {
  directory = await fs.mkdtemp(path.join(os.tmpdir(), 'wayside-replay-'));
});
afterAll(() => fs.rm(directory, { recursive: true, force: true }));

async function recordingOf(name: string, text: string) {
  const file = path.join(directory, name);
  await fs.writeFile(file, text);
  return readRecording(file);
}

function envirocar(...points: readonly object[]): string {
  return JSON.stringify({ type: 'FeatureCollection', features: points });
}

function feature(coordinates: unknown, time: unknown, phenomenons: object): object {
  return { type: 'Feature', geometry: { type: 'Point', coordinates }, properties: { time, phenomenons } };
}

describe('enviroCar GeoJSON', () => {
  it('becomes SI, with the names of the car type', async () => {
    const recording = await recordingOf(
      'a track.geojson',
      envirocar(
        feature([9.19, 53.1], '2020-03-05T13:22:06Z', {
          Speed: { value: 90, unit: 'km/h' },
          Rpm: { value: 2420, unit: 'u/min' },
          'Engine Load': { value: 41, unit: '%' },
          'Intake Pressure': { value: 54, unit: 'kPa' },
          'GPS Speed': { value: 36, unit: 'km/h' },
          'GPS Accuracy': { value: 4, unit: '%' },
          'GPS Bearing': { value: 213, unit: 'deg' },
          'GPS Altitude': { value: 65, unit: 'm' },
          'GPS HDOP': { value: 0.4, unit: 'precision' },
          'Tyre Wear (front)': { value: 7, unit: 'mm' },
        }),
      ),
    );
    expect(recording).toEqual({
      name: 'a track',
      format: 'enviroCar GeoJSON',
      deviceType: 'car',
      skipped: 0,
      readings: [
        {
          at: Date.UTC(2020, 2, 5, 13, 22, 6),
          position: { lat: 53.1, lon: 9.19, accuracy: 4, speed: 10, heading: 213, altitude: 65 },
          metrics: {
            speed: 25,
            rpm: 2420,
            engineLoad: 0.41,
            intakePressure: 54_000,
            hdop: 0.4,
            tyreWearFront: 7,
          },
        },
      ],
    });
  });

  it('takes 100 % that came out of 32-bit floats for 1, and leaves what is really above it', async () => {
    const loads = [100.0000014901161, 99.9, 140].map((value, second) =>
      feature([9, 53], `2020-03-05T13:22:0${second}Z`, { 'Engine Load': { value, unit: '%' } }),
    );
    const { readings } = await recordingOf('full.json', envirocar(...loads));
    expect(readings.map(({ metrics }) => metrics?.engineLoad)).toEqual([1, 0.999, 1.4]);
  });

  it('leaves out bearings above 360 and the dilution that means no fix, and skips points that say nothing', async () => {
    const { readings, skipped } = await recordingOf(
      'quirks.json',
      envirocar(
        feature([9, 53], '2020-03-05T13:22:11Z', {
          'GPS Bearing': { value: 507.7, unit: 'deg' },
          'GPS HDOP': { value: 500, unit: 'precision' },
        }),
        feature([9, 53], '2020-03-05T13:22:06Z', {}),
        feature([9, 53], 'yesterday', {}),
        feature(null, '2020-03-05T13:22:07Z', { Rpm: { value: 'many', unit: '' } }),
        {},
      ),
    );
    expect(readings.map(({ at, ...rest }) => [new Date(at).getUTCSeconds(), rest])).toEqual([
      [6, { position: { lat: 53, lon: 9 } }],
      [11, { position: { lat: 53, lon: 9 } }],
    ]);
    expect(skipped).toBe(3);
  });
});

describe('Curitiba CSV', () => {
  // Rows as in github.com/pabsantos/ndsbr @4e7efc4 (MIT), with the coordinates of the third one taken out.
  const HEADER =
    'DRIVER;LONG;LAT;DAY;DAY_CORRIGIDO;03:00:00;TRIP;ID;PR;H;M;S;TIME_ACUM;SPD_MPH;SPD_KMH;ACEL_MS2;HEADING;ALTITUDE_FT;VALID_TIME';
  const rows = [
    'C;-49,183906;-25,378716;23/9/2019;23/9/2019;14:48:40;4;C04;11:48:40;;;;0;0,2;0,321868;;0;3161745;No',
    'C;-49,186447;-25,379536;23/9/2019;23/9/2019;14:49:34;4;C04;11:49:34;0;0;1;54;16,4;26,393176;0,134112;246,5;3085630;Yes',
    'C;-49,186516;;23/9/2019;23/9/2019;14:49:35;4;C04;11:49:35;0;0;1;55;16,5;26,55411;0,044704;251,8;3083661;Yes',
  ];

  it('reads decimal commas and the UTC clock, and drops the broken altitude', async () => {
    const { readings, format } = await recordingOf('c.csv', [HEADER, ...rows, ''].join('\r\n'));
    expect(format).toBe('Curitiba CSV');
    expect(readings).toEqual([
      {
        at: Date.UTC(2019, 8, 23, 14, 48, 40),
        position: { lat: -25.378716, lon: -49.183906, speed: 0.321868 / 3.6, heading: 0 },
      },
      {
        at: Date.UTC(2019, 8, 23, 14, 49, 34),
        position: { lat: -25.379536, lon: -49.186447, speed: 26.393176 / 3.6, heading: 246.5 },
        metrics: { acceleration: 0.134112 },
      },
      { at: Date.UTC(2019, 8, 23, 14, 49, 35), metrics: { acceleration: 0.044704 } },
    ]);
  });

  it('goes on to the next day when the UTC clock passes midnight within a trip', async () => {
    const row = (clock: string, trip: number) =>
      `C;-49;-25;23/9/2019;23/9/2019;${clock};${trip};C;;;;;;;0;0;0;;Yes`;
    const { readings } = await recordingOf(
      'night.csv',
      [HEADER, row('23:59:59', 1), row('00:00:01', 1), row('12:00:00', 2)].join('\n'),
    );
    expect(readings.map(({ at }) => new Date(at).toISOString())).toEqual([
      '2019-09-23T12:00:00.000Z',
      '2019-09-23T23:59:59.000Z',
      '2019-09-24T00:00:01.000Z',
    ]);
    expect(journeysOf(readings).map((journey) => journey.length)).toEqual([1, 2]);
  });
});

describe('GPX', () => {
  const gpx = (points: string) =>
    `\ufeff<?xml version="1.0" encoding="UTF-8"?>
<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1" xmlns:gpxtpx="http://www.garmin.com/xmlschemas/TrackPointExtension/v1">
<metadata><time>2001-01-01T00:00:00Z</time></metadata><wpt lat="1" lon="2"><time>2001-01-01T00:00:00Z</time></wpt>
<trk><name>A &amp; B</name><trkseg>${points}</trkseg></trk></gpx>`;

  it('reads track points with what extensions add', async () => {
    const { readings, skipped, format } = await recordingOf(
      'ride.gpx',
      gpx(`<trkpt lat="45.5" lon="9.25"><ele>120.5</ele><time>2026-03-01T12:00:05.500+01:00</time>
        <extensions><gpxtpx:TrackPointExtension><gpxtpx:hr>143</gpxtpx:hr><gpxtpx:atemp> 21.5 </gpxtpx:atemp></gpxtpx:TrackPointExtension></extensions></trkpt>
        <trkpt lon="9.26" lat="-45.6"><time>2026-03-01T11:00:00</time><speed>3.5</speed><course>90</course><hdop>1.2</hdop></trkpt>
        <trkpt lat="45.5" lon="9.25"><ele>120</ele></trkpt>
        <trkpt lat="91" lon="9.25"><time>2026-03-01T11:00:00Z</time></trkpt>`),
    );
    expect(format).toBe('GPX');
    expect(readings).toEqual([
      {
        at: Date.UTC(2026, 2, 1, 11),
        position: { lat: -45.6, lon: 9.26, speed: 3.5, heading: 90 },
        metrics: { hdop: 1.2 },
      },
      {
        at: Date.UTC(2026, 2, 1, 11, 0, 5, 500),
        position: { lat: 45.5, lon: 9.25, altitude: 120.5 },
        metrics: { heartRate: 143, temperature: 21.5 },
      },
    ]);
    expect(skipped).toBe(2);
  });

  it.each([
    ['ends too early', '<gpx><trk><trkseg><trkpt lat="1" lon="2">', /not well-formed/],
    [
      'has an entity of its own',
      '<!DOCTYPE gpx [<!ENTITY a "b">]><gpx><trkpt lat="1" lon="2"><time>&a;</time></trkpt></gpx>',
      /not well-formed/,
    ],
    ['has no times', gpx('<trkpt lat="1" lon="2"/>'), /none with a time/],
    ['has no track', gpx(''), /no reading/],
  ])('says what is wrong with a file that %s', async (_what, text, message) => {
    await expect(recordingOf('bad.gpx', text)).rejects.toThrow(message);
  });
});

describe('a file', () => {
  it.each([
    ['of no known format', 'a,b\n1,2\n', /in no known format \(enviroCar GeoJSON, Curitiba CSV, GPX\)/],
    ['that is empty', '', /in no known format/],
    ['with broken JSON', '{"features":[{"phenomenons"', /not valid JSON/],
    ['with no list of points', '{"phenomenons":1}', /no list of features/],
  ])('%s is refused by name', async (_what, text, message) => {
    const refused = recordingOf('odd.txt', text);
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.toThrow('odd.txt');
  });

  it('that is not there is refused by name', async () => {
    await expect(readRecording(path.join(directory, 'missing.gpx'))).rejects.toThrow(
      /missing\.gpx cannot be read/,
    );
  });
});

describe.skipIf(!hasData)(`the recordings${hasData ? '' : ' (skipped: ../shared/data is absent)'}`, () => {
  it.each([
    ['envirocar/bremen-track-5e61052477e02d42aa97fe9e.geojson', 334, 1],
    ['envirocar/hamm-track-5e5fc48677e02d42aa960ea3.geojson', 147, 1],
    ['curitiba/driver_A.csv', 3623, 3],
    ['curitiba/driver_C.csv', 4615, 3],
  ])('%s: every row is used, and every reading passes the codec', async (file, count, journeys) => {
    const { readings, skipped } = await readRecording(path.join(DATA, file));
    expect([readings.length, skipped, journeysOf(readings).length]).toEqual([count, 0, journeys]);
    for (let from = 0; from < readings.length; from += 1000) {
      const batch = readings.slice(from, from + 1000);
      const { readings: decoded, problems } = jsonCodec.decode(Buffer.from(JSON.stringify(batch)));
      expect(problems).toEqual([]);
      expect(decoded).toEqual(batch);
    }
  });
});

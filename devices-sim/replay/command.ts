import { type Command, Option } from 'commander';
import { createRandom } from '../city/model/random.ts';
import { addFaultOptions, areFaults, type FaultOptions, faultSettings } from '../faults/fault-options.ts';
import { faultWords } from '../faults/fault-words.ts';
import { httpUrl, mqttUrl, positive, whole, wholeFrom1 } from '../option-values.ts';
import { connectDevice, type DeviceCredentials, type LinkFaults } from './device-link.ts';
import { createPace, iso, type Pace, timeStartFor, whyNotAtSpeed, whyTooLate } from './pace.ts';
import { journeysOf, readRecording } from './read-recording.ts';
import type { Recording } from './recording.ts';
import { readGatewayTime, registerDevice } from './registration.ts';
import { type ReplayProgress, type ReplayResult, replay, type Track } from './replay.ts';

interface ReplayOptions extends FaultOptions {
  readonly seed: number;
  readonly url: string;
  readonly api: string;
  readonly adminToken?: string;
  readonly device?: string;
  readonly token?: string;
  readonly consumer?: string;
  readonly speed?: number;
  readonly shiftToNow: boolean;
  readonly backfill: boolean;
  readonly journey?: number;
  readonly limit?: number;
  readonly json: boolean;
  readonly printStart: boolean;
}

const MAX_FILES = 1_000;
/** As shells report an end by SIGINT. */
const EXIT_STOPPED = 130;

/** Adds `replay FILE…`: recorded journeys, sent over MQTT as if they happened now. */
export function addReplayCommand(program: Command): void {
  const command = program
    .command('replay')
    .summary('recorded journeys: enviroCar GeoJSON, Curitiba CSV, GPX')
    .description(
      'Sends recorded journeys over MQTT (QoS 1), each file as a device of its own, each reading at its moment. Units become SI.',
    )
    .argument('<file...>', 'enviroCar GeoJSON, Curitiba CSV or GPX')
    .option('--url <url>', 'MQTT address of the gateway', mqttUrl, 'mqtt://localhost:1883')
    .option(
      '--api <url>',
      'HTTP address of the gateway, for its clock and to register devices',
      httpUrl,
      'http://localhost:8080',
    )
    .addOption(
      new Option('--admin-token <token>', 'registers a new device for each file').env('WAYSIDE_ADMIN_TOKEN'),
    )
    .option('--device <id>', 'device id; for one file')
    .option('--token <token>', 'token of a device that is registered already; for one file, with --device')
    .option('--consumer <id>', 'the consumer to whom a new device is linked')
    .addOption(
      new Option(
        '--speed <n>',
        'with the recorded times, n times as fast; the gateway must run at the same WAYSIDE_TIME_SCALE',
      )
        .argParser(positive)
        .conflicts('backfill'),
    )
    .addOption(
      new Option('--shift-to-now', 'as if each journey began now; at natural speed, or at that of --speed')
        .default(false)
        .conflicts('backfill'),
    )
    .option(
      '--backfill',
      'with the recorded times, as fast as it is acknowledged: stored as late, triggers nothing',
      false,
    )
    .option(
      '--journey <n>',
      'only the nth journey of a file (one ends where nothing was recorded for 30 min)',
      wholeFrom1,
    )
    .option('--limit <n>', 'only the first n readings of each file', wholeFrom1)
    .option('--seed <n>', 'seed of the faults', whole, 1)
    .option('--json', 'progress and result as JSON lines', false)
    .option(
      '--print-start',
      'print when the first reading was recorded, and leave; with --speed the WAYSIDE_TIME_START for it',
      false,
    );
  addFaultOptions(command)
    .addHelpText(
      'after',
      `
One of --speed, --shift-to-now and --backfill is needed.

With --speed 60 a reading is sent when the gateway's clock shows the time that it was recorded at. So start the gateway
a little before the journey's begin, with a clock that runs as fast; 30 seconds are left to start the replay:
  WAYSIDE_TIME_SCALE=60 WAYSIDE_TIME_START=$(npm run --silent sim -- replay --print-start --speed 60 track.geojson) npm start
  npm run sim -- replay --speed 60 --admin-token … track.geojson

Examples:
  npm run sim -- replay --shift-to-now --admin-token … ride.gpx
  npm run sim -- replay --shift-to-now --journey 2 --device car-7 --token … driver_A.csv`,
    )
    .action(async (files: string[], options: ReplayOptions, command: Command) => {
      await runReplay(files, options, (message) => command.error(`error: ${message}`));
    });
}

async function runReplay(
  files: readonly string[],
  options: ReplayOptions,
  fail: (message: string) => never,
): Promise<void> {
  if (files.length > MAX_FILES) fail(`at most ${MAX_FILES} files at a time`);
  const recordings: Recording[] = [];
  for (const file of files) recordings.push(select(await readRecording(file), options, fail));
  const firstAt = Math.min(...recordings.map(({ readings }) => readings[0]?.at ?? Number.POSITIVE_INFINITY));
  if (options.printStart) {
    process.stdout.write(
      `${iso(options.speed === undefined ? firstAt : timeStartFor(firstAt, options.speed))}\n`,
    );
    return;
  }
  checkOptions(files, options, fail);
  const { pace, shiftOf } = await prepareTimes(firstAt, options, fail);
  const settings = faultSettings(options);
  const faults: LinkFaults | null = areFaults(settings)
    ? { settings, random: createRandom(options.seed) }
    : null;
  const tracks: Track[] = [];
  try {
    for (const recording of recordings) {
      const link = await connectDevice(options.url, await credentialsFor(recording, options), faults);
      const shiftMs = shiftOf(recording);
      tracks.push({
        link,
        readings: recording.readings.map((reading) => ({ ...reading, at: reading.at + shiftMs })),
      });
    }
  } catch (error) {
    await Promise.all(tracks.map(({ link }) => link.close()));
    throw error;
  }
  finish(
    await stoppable((stop) => replay(tracks, pace, stop, (progress) => tell(progress, options.json))),
    options.json,
  );
}

function checkOptions(
  files: readonly string[],
  options: ReplayOptions,
  fail: (message: string) => never,
): void {
  if (options.speed === undefined && !options.shiftToNow && !options.backfill)
    fail('choose one of --speed N, --shift-to-now and --backfill');
  if (options.device !== undefined && files.length > 1)
    fail('--device names one device, and each file is one of its own');
  if (options.token !== undefined && options.device === undefined) fail('--token needs --device');
  if (options.token === undefined && options.adminToken === undefined) {
    fail(
      'give --device and --token of a registered device, or --admin-token (or WAYSIDE_ADMIN_TOKEN) to register one',
    );
  }
}

function select(recording: Recording, options: ReplayOptions, fail: (message: string) => never): Recording {
  const journeys = options.journey === undefined ? [recording.readings] : journeysOf(recording.readings);
  const chosen = journeys[(options.journey ?? 1) - 1];
  if (chosen === undefined)
    return fail(`${recording.name} has ${journeys.length} journeys, and no number ${options.journey}`);
  return { ...recording, readings: chosen.slice(0, options.limit) };
}

interface Times {
  /** Null sends as fast as possible. */
  readonly pace: Pace | null;
  /** What is added to the recorded times, ms. */
  shiftOf(recording: Recording): number;
}

async function prepareTimes(
  firstAt: number,
  options: ReplayOptions,
  fail: (message: string) => never,
): Promise<Times> {
  if (options.backfill) return { pace: null, shiftOf: () => 0 };
  const gateway = await readGatewayTime(options.api);
  const pace = createPace(gateway, performance.now(), () => performance.now());
  const why =
    whyNotAtSpeed(gateway, options.speed ?? 1) ?? (options.shiftToNow ? null : whyTooLate(gateway, firstAt));
  if (why !== null) fail(why);
  if (!options.shiftToNow) return { pace, shiftOf: () => 0 };
  return { pace, shiftOf: ({ readings }) => Math.ceil(gateway.now) - (readings[0]?.at ?? 0) };
}

async function credentialsFor(recording: Recording, options: ReplayOptions): Promise<DeviceCredentials> {
  if (options.device !== undefined && options.token !== undefined)
    return { id: options.device, token: options.token };
  return registerDevice(
    {
      origin: options.api,
      adminToken: options.adminToken ?? '',
      ...(options.device !== undefined && { deviceId: options.device }),
      ...(options.consumer !== undefined && { consumerId: options.consumer }),
    },
    recording,
  );
}

/** Runs `work` with a signal that Ctrl-C or SIGTERM sets off. */
async function stoppable<T>(work: (stop: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const stop = () => controller.abort();
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  try {
    return await work(controller.signal);
  } finally {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
}

function tell(
  { published, acknowledged, total, now, lastError, faults }: ReplayProgress,
  json: boolean,
): void {
  if (json) {
    console.log(JSON.stringify({ published, acknowledged, total, now, lastError, faults }));
    return;
  }
  const clock = now === null ? '' : `  gateway time ${now}`;
  // With faults it is messages that are counted, which need not be as many as the readings.
  const sent =
    faults === null
      ? `published ${published} of ${total}  acknowledged ${acknowledged}`
      : `readings ${total}  messages published ${published}  acknowledged ${acknowledged}  faults: ${faultWords(faults)}`;
  console.log(`${sent}${clock}${lastError === null ? '' : `  (${lastError})`}`);
}

function finish(result: ReplayResult, json: boolean): void {
  const { stopped, published, acknowledged } = result;
  if (json) console.log(JSON.stringify({ ...result, done: true }));
  else tell(result, false);
  if (stopped) {
    process.exitCode = EXIT_STOPPED;
  } else if (acknowledged < published) {
    console.error(`error: ${published - acknowledged} of ${published} messages were not acknowledged`);
    process.exitCode = 1;
  }
}

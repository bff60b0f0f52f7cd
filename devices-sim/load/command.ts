import { randomBytes } from 'node:crypto';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { addFaultOptions, type FaultOptions, faultSettings } from '../faults/fault-options.ts';
import { createGatewayApi, textField } from '../gateway-api.ts';
import { inParallel } from '../in-parallel.ts';
import { httpUrl, mqttUrl, positive, whole, wholeFrom1 } from '../option-values.ts';
import { untilStopped } from '../until-stopped.ts';
import { type LoadProgress, runLoad } from './load.ts';
import { LARGEST_PAYLOAD_BYTES, PAYLOAD_FORMATS, type PayloadFormat } from './load-reading.ts';
import { progressLine, resultDocument, resultLines } from './tell.ts';

interface LoadOptions extends FaultOptions {
  readonly devices: number;
  readonly rate: number;
  readonly duration: number;
  readonly qos: 0 | 1 | 2;
  readonly size: number;
  readonly payload: PayloadFormat;
  readonly type: string;
  readonly url: string;
  readonly api: string;
  readonly adminToken?: string;
  readonly prefix?: string;
  readonly seed: number;
  readonly settle: number;
  readonly json: boolean;
}

/** Adds `load`: many devices, and a count of what arrived. */
export function addLoadCommand(program: Command): void {
  const command = program
    .command('load')
    .summary('many devices at a set rate; tells latency, and counts what arrived')
    .description(
      'Registers devices, lets them publish numbered readings over MQTT connections of their own, and then asks the gateway what it has of each: what was acknowledged and is not there is lost. Leaves with 1 when anything was lost, stored twice, or faults were not treated as they should be.',
    )
    .option('--devices <n>', 'how many devices, each with its own connection', wholeFrom1, 100)
    .option('--rate <n>', 'readings a second, of all devices together', positive, 500)
    .option('--duration <seconds>', 'for how long; Ctrl-C ends it sooner', positive, 10)
    .addOption(new Option('--qos <n>', 'MQTT quality of service').argParser(qos).default(1))
    .option('--size <bytes>', 'fill each payload up to this size, as JSON', payloadSize, 0)
    .addOption(
      new Option('--payload <format>', 'how readings are encoded').choices(PAYLOAD_FORMATS).default('json'),
    )
    .option('--type <id>', 'device type of the devices', 'car')
    .option('--url <url>', 'MQTT address of the gateway', mqttUrl, 'mqtt://localhost:1883')
    .option(
      '--api <url>',
      'HTTP address of the gateway, to register devices and to see what arrived',
      httpUrl,
      'http://localhost:8080',
    )
    .addOption(new Option('--admin-token <token>', 'token for --api').env('WAYSIDE_ADMIN_TOKEN'))
    .option('--prefix <text>', 'of the device ids; without it, one that no other run has')
    .option('--seed <n>', 'seed of places and faults', whole, 1)
    .option(
      '--settle <seconds>',
      'wait so long for the gateway to acknowledge and work off everything',
      positive,
      60,
    )
    .option('--json', 'progress and result as JSON lines', false);
  addFaultOptions(command)
    .addHelpText(
      'after',
      `
Latency is from when a reading was due to its PUBACK, so that waiting for a slow gateway is not left out.
What is expected with faults: a dropped reading is nowhere; one sent twice is stored once; one that comes behind later ones is
stored; garbage is acknowledged and in quarantine; a clock that is over 5 min ahead is flagged clock_corrected, one over
2 min behind late.

Examples:
  npm run sim -- load --devices 200 --rate 2000 --duration 30 --admin-token …
  npm run sim -- load --duplicate 0.1 --reorder 0.1 --garbage 0.05 --clock-skew 900 --reconnect-storm 3 --admin-token …`,
    )
    .action(async (options: LoadOptions, own: Command) => {
      await load(options, (message) => own.error(`error: ${message}`));
    });
}

async function load(options: LoadOptions, fail: (message: string) => never): Promise<void> {
  const { adminToken } = options;
  if (adminToken === undefined) {
    return fail(
      'load registers devices: give --admin-token (or the environment variable WAYSIDE_ADMIN_TOKEN), the same that the gateway was started with',
    );
  }
  const say = (text: string) => {
    if (!options.json) console.log(text);
  };
  say(`registering ${options.devices} devices`);
  const credentials = await register(options, adminToken);
  say('connecting');
  const result = await runLoad(
    {
      url: options.url,
      api: options.api,
      adminToken,
      credentials,
      rate: options.rate,
      qos: options.qos,
      sizeBytes: options.size,
      payload: options.payload,
      seed: options.seed,
      faults: faultSettings(options),
      settleMs: options.settle * 1000,
    },
    () => untilStopped(options.duration),
    (progress) => tell(progress, options.json),
  );
  if (options.json) console.log(JSON.stringify(resultDocument(result)));
  else for (const line of resultLines(result, options.qos)) console.log(line);
  if (!result.ok) process.exitCode = 1;
}

/** @returns tokens by device id */
async function register(options: LoadOptions, adminToken: string): Promise<Map<string, string>> {
  const api = createGatewayApi(options.api, adminToken);
  const prefix = options.prefix ?? `load-${randomBytes(3).toString('hex')}-`;
  const ids = Array.from({ length: options.devices }, (_, index) => `${prefix}${index}`);
  const credentials = new Map<string, string>();
  await inParallel(ids, async (id) => {
    const answer = await api.call('POST', '/api/v1/devices', { id, type: options.type });
    credentials.set(id, textField(answer, 'token'));
  });
  return credentials;
}

function tell(progress: LoadProgress, json: boolean): void {
  console.log(json ? JSON.stringify(progress) : progressLine(progress));
}

function qos(text: string): 0 | 1 | 2 {
  if (text === '0') return 0;
  if (text === '1') return 1;
  if (text === '2') return 2;
  throw new InvalidArgumentError('0, 1 or 2 is needed.');
}

function payloadSize(text: string): number {
  const size = whole(text);
  if (size >= 0 && size <= LARGEST_PAYLOAD_BYTES) return size;
  throw new InvalidArgumentError(`0 to ${LARGEST_PAYLOAD_BYTES} bytes are possible.`);
}

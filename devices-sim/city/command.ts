import { type Command, Option } from 'commander';
import { addFaultOptions, areFaults, type FaultOptions, faultSettings } from '../faults/fault-options.ts';
import { faultWords } from '../faults/fault-words.ts';
import { createGatewayApi } from '../gateway-api.ts';
import { httpUrl, mqttUrl, positive, whole, wholeFrom1 } from '../option-values.ts';
import { untilStopped } from '../until-stopped.ts';
import { createCity } from './model/city.ts';
import { cityGeoJson } from './model/city-geojson.ts';
import { createResidents, type Resident } from './model/people.ts';
import { createRandom } from './model/random.ts';
import { createWorld } from './model/world.ts';
import { readCredentials, writeCredentials } from './publish/credentials-file.ts';
import { createPublisher, type PublisherCounters } from './publish/publisher.ts';
import { registerDevices, registerResidents } from './publish/registration.ts';
import { runWorld } from './publish/run.ts';

interface CityOptions extends FaultOptions {
  readonly people: number;
  readonly devices?: number;
  readonly seed: number;
  readonly url: string;
  readonly api?: string;
  readonly adminToken?: string;
  readonly credentials?: string;
  readonly prefix: string;
  readonly interval: number;
  readonly duration?: number;
  readonly json: boolean;
  readonly printStreets: boolean;
}

const DEVICES_PER_PERSON = 3;
const PROGRESS_MS = 2000;

/** Adds `city`: a synthetic city whose cars, wearables and fridges publish over MQTT. */
export function addCityCommand(program: Command): void {
  const command = program
    .command('city')
    .summary('cars, wearables and fridges of a synthetic city')
    .description(
      'Runs a synthetic city: people who drive, walk, shop and rest along its streets, each with a car, a wearable and a fridge that publish over MQTT (QoS 1). The same seed gives the same city, people and journeys.',
    )
    .option('--people <n>', 'how many people live there', wholeFrom1, 30)
    .addOption(
      new Option('--devices <n>', 'how many devices in all, three a person')
        .argParser(wholeFrom1)
        .conflicts('people'),
    )
    .option('--seed <n>', 'seed of the city', whole, 1)
    .option('--url <url>', 'MQTT address of the gateway', mqttUrl, 'mqtt://localhost:1883')
    .option(
      '--api <url>',
      'HTTP address of the gateway, to register people and devices there, e.g. http://localhost:8080',
      httpUrl,
    )
    .addOption(new Option('--admin-token <token>', 'token for --api').env('WAYSIDE_ADMIN_TOKEN'))
    .option('--credentials <file>', 'JSON file of device tokens; what --api registers is added to it')
    .option('--prefix <text>', 'put before all ids, so that several runs can use one gateway', '')
    .option('--interval <seconds>', 'between two readings of a moving device', positive, 1)
    .option('--duration <seconds>', 'stop after this time; without it, run until Ctrl-C', positive)
    .option('--json', 'progress as JSON lines', false)
    .option('--print-streets', 'print the city map as GeoJSON and leave', false);
  addFaultOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  npm run sim -- city --people 30 --api http://localhost:8080 --admin-token … --credentials city.json
  npm run sim -- city --people 30 --credentials city.json        (again, with the devices registered before)
  npm run sim -- city --print-streets > streets.geojson          (then start the gateway with WAYSIDE_MAP_OVERLAY=streets.geojson)`,
    )
    .action(async (options: CityOptions, command: Command) => {
      await runCity(options, (message) => command.error(`error: ${message}`));
    });
}

async function runCity(options: CityOptions, fail: (message: string) => never): Promise<void> {
  const random = createRandom(options.seed);
  const city = createCity(random.fork('city'));
  if (options.printStreets) {
    process.stdout.write(`${JSON.stringify(cityGeoJson(city))}\n`);
    return;
  }
  if (options.api === undefined && options.credentials === undefined) {
    fail(
      'devices need tokens: give --api and --admin-token to register them, or --credentials with the file of an earlier run',
    );
  }
  if (options.api !== undefined && options.adminToken === undefined) {
    fail(
      '--api needs --admin-token (or the environment variable WAYSIDE_ADMIN_TOKEN), the same that the gateway was started with',
    );
  }
  const people =
    options.devices === undefined ? options.people : Math.ceil(options.devices / DEVICES_PER_PERSON);
  const residents = createResidents(city, people, random.fork('people')).map(
    (resident): Resident => ({ ...resident, id: options.prefix + resident.id }),
  );
  const world = createWorld({
    city,
    residents,
    random: random.fork('world'),
    intervalSeconds: options.interval,
    ...(options.devices === undefined ? {} : { maxDevices: options.devices }),
  });

  let credentials =
    options.credentials === undefined
      ? new Map<string, string>()
      : await readCredentials(options.credentials);
  if (options.api !== undefined && options.adminToken !== undefined) {
    const api = createGatewayApi(options.api, options.adminToken);
    await registerResidents(api, residents);
    credentials = await registerDevices(api, world.devices, credentials);
    if (options.credentials !== undefined) await writeCredentials(options.credentials, credentials);
  }
  const own = new Map(
    world.devices.flatMap(({ id }) => (credentials.has(id) ? [[id, credentials.get(id) as string]] : [])),
  );
  if (own.size === 0)
    fail(
      `${options.credentials} has no token for any device of this city; register them with --api and --admin-token`,
    );
  if (own.size < world.devices.length) {
    console.error(
      `${world.devices.length - own.size} of ${world.devices.length} devices have no token and stay silent; --api registers them`,
    );
  }

  const settings = faultSettings(options);
  const publisher = createPublisher({
    url: options.url,
    credentials: own,
    ...(areFaults(settings) && { faults: { settings, random: random.fork('faults') } }),
  });
  await publisher.start();
  const stopWorld = runWorld({ world, publisher, now: Date.now });
  const progress = setInterval(() => tell(publisher.counters(), options.json), PROGRESS_MS);
  await untilStopped(options.duration);
  clearInterval(progress);
  stopWorld();
  await publisher.stop();
  tell(publisher.counters(), options.json);
}

function tell(counters: PublisherCounters, json: boolean): void {
  if (json) {
    console.log(JSON.stringify(counters));
    return;
  }
  const { connected, published, acked, skipped, errors, lastError, faults } = counters;
  const trouble =
    errors > 0 || skipped > 0
      ? `  errors ${errors}  skipped ${skipped}${lastError === null ? '' : `  (${lastError})`}`
      : '';
  const wrong = faults === null ? '' : `  faults: ${faultWords(faults)}`;
  console.log(`connected ${connected}  published ${published}  acked ${acked}${wrong}${trouble}`);
}

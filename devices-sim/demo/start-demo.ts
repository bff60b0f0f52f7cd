import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createCity } from '../city/model/city.ts';
import { cityGeoJson } from '../city/model/city-geojson.ts';
import { createResidents, type Resident } from '../city/model/people.ts';
import { createRandom } from '../city/model/random.ts';
import { createWorld } from '../city/model/world.ts';
import { createPublisher, type PublisherCounters } from '../city/publish/publisher.ts';
import { registerDevices, registerResidents } from '../city/publish/registration.ts';
import { runWorld } from '../city/publish/run.ts';
import { createGatewayApi, type GatewayApi, textField } from '../gateway-api.ts';
import { createPushService } from '../push-service/push-service.ts';
import { type AudienceCounters, createAudience } from './audience.ts';
import { countDecisions } from './decision-count.ts';
import { takeDemoFolder } from './demo-folder.ts';
import { startGatewayProcess } from './gateway-process.ts';
import { putSampleData } from './sample-data.ts';
import { type DemoSettings, requireFreePorts } from './settings.ts';

export interface DemoStatus {
  readonly devices: PublisherCounters;
  readonly decisions: { readonly sent: number; readonly suppressed: number };
  readonly audience: AudienceCounters;
  /** Errors in the gateway's log, and the last of them. */
  readonly gateway: { readonly errors: number; readonly lastError: string };
}

export interface Demo {
  /** Where to look and how to sign in. */
  readonly consoleUrl: string;
  readonly password: string;
  /** Lets the commands and the API in. */
  readonly adminToken: string;
  /** Opens the consumer page of the resident "you"; works once. */
  readonly invitationUrl: string;
  readonly mqttUrl: string;
  readonly logFile: string;
  readonly people: number;
  /** Resolves when the gateway leaves by itself, with its last complaint. */
  readonly died: Promise<string>;
  status(): DemoStatus;
  stop(): Promise<void>;
}

const READING_INTERVAL_SECONDS = 1;

/** Starts everything in the order in which it is needed; what had started is stopped again when a later part fails. */
export async function startDemo(
  settings: DemoSettings,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Demo> {
  const running: (() => Promise<void> | void)[] = [];
  const stop = async (): Promise<void> => {
    for (let part = running.pop(); part !== undefined; part = running.pop()) await part();
  };
  try {
    return await startParts(settings, env, running, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startParts(
  settings: DemoSettings,
  env: Readonly<Record<string, string | undefined>>,
  running: (() => Promise<void> | void)[],
  stop: () => Promise<void>,
): Promise<Demo> {
  await requireFreePorts(settings);
  const folder = await takeDemoFolder(settings.dataDir);
  running.push(() => folder.release());

  const random = createRandom(settings.seed);
  const city = createCity(random.fork('city'));
  const residents = [
    you(createResidents(city, 1, random.fork('you'))),
    ...createResidents(city, settings.people, random.fork('people')),
  ];
  const world = createWorld({
    city,
    residents,
    random: random.fork('world'),
    intervalSeconds: READING_INTERVAL_SECONDS,
  });
  const overlay = path.join(settings.dataDir, 'city-streets.geojson');
  await writeFile(overlay, JSON.stringify(cityGeoJson(city)));

  const pushService = createPushService({ host: '127.0.0.1', port: 0, now: Date.now });
  const push = await pushService.start();
  running.push(() => pushService.stop());

  const logFile = path.join(settings.dataDir, 'gateway.log');
  const complaints = { errors: 0, lastError: '' };
  const gateway = await startGatewayProcess({
    logFile,
    onError: (complaint) => {
      complaints.errors += 1;
      complaints.lastError = complaint;
    },
    env: {
      ...env,
      WAYSIDE_DATA_DIR: settings.dataDir,
      WAYSIDE_HOST: settings.host,
      WAYSIDE_HTTP_PORT: String(settings.httpPort),
      WAYSIDE_MQTT_PORT: String(settings.mqttPort),
      WAYSIDE_ADMIN_TOKEN: settings.adminToken,
      WAYSIDE_PUSH_HOSTS: push.origin,
      WAYSIDE_MAP_OVERLAY: overlay,
      // The city lives in real time.
      WAYSIDE_TIME_SCALE: '1',
      WAYSIDE_TIME_START: '',
    },
  });
  running.push(() => gateway.stop());

  const host = settings.host === '0.0.0.0' || settings.host === '::' ? '127.0.0.1' : settings.host;
  const origin = `http://${host.includes(':') ? `[${host}]` : host}:${gateway.httpPort}`;
  const api = createGatewayApi(origin, settings.adminToken);
  await putSampleData(api, city);
  await registerResidents(api, residents);
  const credentials = await registerDevices(api, world.devices, new Map());
  const invitationUrl = textField(
    await api.call('POST', `/api/v1/consumers/${residents[0]?.id}/invitations`),
    'url',
  );

  const decisions = countDecisions(origin, settings.adminToken);
  running.push(() => decisions.stop());
  const audience = createAudience({
    pushServiceUrl: push.webSocketUrl,
    vapidPublicKey: await vapidKey(api),
    api,
    publicApi: createGatewayApi(origin, null),
    random: random.fork('audience'),
  });
  running.push(() => audience.stop());
  await audience.start(residents);

  const mqttUrl = `mqtt://${host}:${gateway.mqttPort}`;
  const publisher = createPublisher({ url: mqttUrl, credentials });
  running.push(() => publisher.stop());
  await publisher.start();
  running.push(runWorld({ world, publisher, now: Date.now }));

  return {
    consoleUrl: `http://localhost:${gateway.httpPort}`,
    password: (await readFile(path.join(settings.dataDir, 'admin-password'), 'utf8')).trim(),
    adminToken: settings.adminToken,
    invitationUrl,
    mqttUrl,
    logFile,
    people: residents.length,
    died: gateway.died,
    status: () => ({
      devices: publisher.counters(),
      decisions: decisions.counts(),
      audience: audience.counters(),
      gateway: { ...complaints },
    }),
    stop,
  };
}

/**
 * The newcomer's own resident: agrees to all but health offers, leaves every offer to the newcomer to look at, and soon comes to a
 * filling station with an empty tank, so that the consumer page has something to show.
 */
function you([someone]: readonly Resident[]): Resident {
  if (someone === undefined) throw new RangeError('a city without residents');
  return {
    ...someone,
    id: 'you',
    name: 'You',
    agreesTo: ['location_offers', 'device_offers'],
    curiosity: { looks: 0, clicks: 0 },
    beginsNearFuel: true,
  };
}

async function vapidKey(api: GatewayApi): Promise<string> {
  return textField(await api.call('GET', '/api/v1/push-key'), 'vapidPublicKey');
}

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import mqtt, { type MqttClient } from 'mqtt';
import { openRecords } from '../../gateway/records/open.ts';
import { createSeal } from '../../gateway/records/seal.ts';
import { insertMarkedPerson } from '../gateway/records/marked-person.ts';
import { eventually, type GatewayProcess } from './gateway.ts';

/** A person with two devices; every word of theirs stands nowhere else. */
export interface TracedPerson {
  readonly id: string;
  /** In all texts that the person brings along. */
  readonly mark: string;
  readonly car: string;
  readonly phone: string;
  readonly alias: string;
  /** Degrees that nobody else is at; their text is looked for. */
  readonly lat: number;
  readonly lon: number;
}

export const ANN: TracedPerson = {
  id: 'ann-zauberlehrling',
  mark: 'Tarnkappenmantel',
  car: 'car-quastenflosser',
  phone: 'phone-schnabeltier',
  alias: 'owntracks/siebenschlaefer/phone',
  lat: 45.464231987,
  lon: 9.190876123,
};

export const BOB: TracedPerson = {
  id: 'bob-murmeltier',
  mark: 'Wunderlampe',
  car: 'car-nashornkaefer',
  phone: 'phone-eichhoernchen',
  alias: 'owntracks/haselmaus/phone',
  lat: 45.464298761,
  lon: 9.190123789,
};

export interface Connected {
  readonly car: MqttClient;
  readonly phone: MqttClient;
}

/** Where nobody listens: offers that go there are tried again and again. To be in WAYSIDE_PUSH_HOSTS. */
export const DEAF_ORIGIN = 'http://127.0.0.1:9';

/** A place, a rule that makes offers there and one that never does, a webhook that never answers; once for all persons. */
export async function addRules(gateway: GatewayProcess): Promise<void> {
  await gateway.must('PUT', '/api/v1/webhooks/hook', { url: `${DEAF_ORIGIN}/offers` });
  const geometry = { type: 'Point', coordinates: [9.19, 45.4642] };
  const properties = { name: 'Corner Coffee', radiusMetres: 500 };
  await gateway.must('PUT', '/api/v1/places/cafe', { type: 'Feature', geometry, properties });
  const limits = { quietHours: 'ignore' };
  const on = { trigger: { place: { id: 'cafe' }, on: 'enter' }, limits };
  const offer = { title: 'Coffee', body: 'At the corner', expires: 'PT30M' };
  for (const rule of [
    { ...on, id: 'coffee', name: 'Coffee', offer },
    { ...on, id: 'never', name: 'Never', when: 'metrics.fuel < 0.0', offer },
  ]) {
    await gateway.must('PUT', `/api/v1/rules/${rule.id}`, rule);
    await gateway.must('POST', `/api/v1/rules/${rule.id}/state`, { state: 'live' });
  }
}

/** Makes the person with something of everything, and gives their connections; what they publish comes to its end. */
export async function addTracedPerson(gateway: GatewayProcess, person: TracedPerson): Promise<Connected> {
  const { id, mark, car, phone } = person;
  await gateway.must('POST', '/api/v1/consumers', {
    id,
    attributes: { name: mark },
    webhook: 'hook',
    email: `${mark.toLowerCase()}@example.org`,
  });
  for (const purpose of ['location_offers', 'device_offers'])
    await gateway.must('PUT', `/api/v1/consumers/${id}/consents/${purpose}`, { granted: true, source: mark });
  await gateway.must('POST', `/api/v1/consumers/${id}/invitations`);
  const tokens = new Map<string, string>();
  for (const [device, type] of [
    [car, 'car'],
    [phone, 'phone'],
  ] as const) {
    const { token } = await gateway.must('POST', '/api/v1/devices', { id: device, type, consumerId: id });
    tokens.set(device, token);
  }
  await gateway.must('POST', `/api/v1/devices/${phone}/aliases`, { alias: person.alias });
  await gateway.must('POST', `/api/v1/devices/${car}/commands`, { name: 'honk', args: { word: mark } });
  await gateway.must('PUT', `/api/v1/devices/${car}/config`, { word: mark });
  const connect = (device: string, clientId: string) =>
    mqtt.connectAsync(gateway.mqttUrl, {
      clientId,
      username: device,
      password: tokens.get(device) ?? '',
      clean: false,
      reconnectPeriod: 0,
      will: {
        topic: `devices/${device}/telemetry`,
        payload: Buffer.from(JSON.stringify({ event: `${mark}-will` })),
        qos: 1,
        retain: false,
      },
    });
  const connected = { car: await connect(car, car), phone: await connect(phone, `app-of-${mark}`) };
  await connected.car.subscribeAsync(`devices/${car}/config`, { qos: 1 });
  await report(connected, person, 5);
  // Too late to count: the engine notes all of it for the telemetry writer.
  const late = {
    at: Date.now() - 7_200_000,
    position: { lat: person.lat, lon: person.lon },
    event: `${mark}-late`,
  };
  await connected.car.publishAsync(`devices/${car}/telemetry`, JSON.stringify(late), { qos: 1 });
  await connected.car.publishAsync(`devices/${car}/telemetry`, `{"metrics": ${mark}`, { qos: 1 });
  for (const device of [car, phone]) await gateway.must('GET', `/api/v1/devices/${device}`);
  await gateway.must('GET', `/api/v1/consumers/${id}`);
  await eventually(`${id} is made an offer`, 20_000, async () => {
    const { body } = await gateway.api('GET', `/api/v1/deliveries?consumer=${id}`);
    return body.items?.length > 0 ? true : undefined;
  });
  await eventually(`a message of ${car} is in quarantine`, 20_000, async () => {
    const { body } = await gateway.api('GET', `/api/v1/quarantine?device=${car}`);
    return body.items?.length > 0 ? true : undefined;
  });
  return connected;
}

/** Both devices report where they are, some times. */
export async function report({ car, phone }: Connected, person: TracedPerson, times: number): Promise<void> {
  for (let n = 0; n < times; n += 1) {
    const reading = {
      position: { lat: person.lat, lon: person.lon, accuracy: 5 },
      metrics: { fuel: 0.5, word: person.mark },
      event: `${person.mark}-event`,
    };
    await car.publishAsync(`devices/${person.car}/telemetry`, JSON.stringify(reading), { qos: 1 });
    await phone.publishAsync(`devices/${person.phone}/telemetry`, JSON.stringify(reading), { qos: 1 });
  }
}

/** Puts a row of the person into every table that may hold one, beside the gateway that runs. Gives the keys of their devices. */
export async function fillTables(
  dataDir: string,
  person: TracedPerson,
  firstNumber: number,
): Promise<readonly string[]> {
  const db = openRecords(join(dataDir, 'wayside.db'));
  try {
    const key = Buffer.from((await readFile(join(dataDir, 'records-key'), 'utf8')).trim(), 'base64url');
    const devices = await db
      .selectFrom('devices')
      .select(['id', 'device_key'])
      .where('consumer_id', '=', person.id)
      .execute();
    const car = devices.find(({ id }) => id === person.car);
    await insertMarkedPerson(db, createSeal(key), {
      consumer: person.id,
      device: person.car,
      deviceKey: car?.device_key ?? '',
      mark: person.mark,
      firstNumber,
      // They have these already, one row each.
      except: [
        'consumers',
        'devices',
        'device_presence',
        'device_configs',
        'subject_memories',
        'audit_names',
      ],
    });
    return devices.map(({ device_key }) => device_key);
  } finally {
    await db.destroy();
  }
}

/** Each word as it may lie in a file: as it is, in hex, and in Base64 wherever it begins. */
function formsOf(word: string): readonly Buffer[] {
  const forms = [Buffer.from(word), Buffer.from(Buffer.from(word).toString('hex'))];
  for (const lead of [0, 1, 2]) {
    const text = Buffer.concat([Buffer.alloc(lead), Buffer.from(word)]).toString('base64');
    // What the bytes before and behind it have no part in.
    forms.push(Buffer.from(text.slice(lead === 0 ? 0 : 4, Math.floor((lead + word.length) / 3) * 4)));
  }
  return forms;
}

/** Where the words stand in any byte of a directory: `file: word`. */
export async function traces(dir: string, words: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  const files = await readdir(dir, { recursive: true, withFileTypes: true });
  let bytes = 0;
  for (const file of files) {
    if (!file.isFile()) continue;
    const content = await readFile(join(file.parentPath, file.name)).catch(() => null);
    // Gone since the directory was read, as a log may be.
    if (content === null) continue;
    bytes += content.length;
    for (const word of words)
      if (formsOf(word).some((form) => content.includes(form))) found.push(`${file.name}: ${word}`);
  }
  // A test that looks at nothing finds nothing.
  if (bytes < 100_000) throw new Error(`${dir} holds ${bytes} bytes alone`);
  return found;
}

/** What tells who the person is, or where they were. */
export function wordsOf(person: TracedPerson, deviceKeys: readonly string[]): readonly string[] {
  const { id, mark, car, phone, alias, lat, lon } = person;
  return [id, mark, mark.toLowerCase(), car, phone, alias, String(lat), String(lon), ...deviceKeys];
}

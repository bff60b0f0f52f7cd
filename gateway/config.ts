import type { TlsSettings } from '../broker/tls-listener.ts';
import { isValidId } from '../broker/topics.ts';
import { DAY_MS, parseDuration } from '../rules/time/duration.ts';
import { WaysideError } from './errors.ts';
import { mailSettingsOf, smtpUrl } from './mail/mail-settings.ts';
import type { MailSettings } from './mail/mailer.ts';
import { contact, httpUrl, moment, mqttUrl, origins, wholeNumber } from './setting-values.ts';
import { type Env, SettingsReader } from './settings-reader.ts';
import { tlsSettingsOf } from './tls-settings.ts';

/** The settings of the gateway after checking. */
export interface Config {
  readonly dataDir: string;
  /** What the journal's entries may take of the disk, bytes. */
  readonly journalMaxBytes: number;
  /** How long the journal keeps entries that rules and telemetry store have, ms of domain time; no longer than positions are kept. */
  readonly journalKeepMs: number;
  /** How many days raw positions are kept, of domain time from their arrival on; 0: for ever. */
  readonly positionDays: number;
  readonly host: string;
  readonly httpPort: number;
  readonly mqttPort: number;
  /** MQTT over TLS beside it, or null. */
  readonly tls: TlsSettings | null;
  /** Where browsers reach the gateway, without a trailing slash; null: http://localhost and the bound port. */
  readonly publicUrl: string | null;
  readonly adminToken: string | null;
  readonly influx: InfluxSettings | null;
  /** Another broker whose devices are taken in too, or null. */
  readonly bridge: BridgeSettings | null;
  /** Origins beyond the known push services; these alone may be http or private. */
  readonly pushHosts: readonly string[];
  /** mailto: or https: address that push services may write to. */
  readonly vapidSubject: string;
  /** How e-mail goes out, or null where none does. */
  readonly mail: MailSettings | null;
  /** URL of a MapLibre style, or null for the built-in base map. */
  readonly mapStyle: string | null;
  /** Path of a GeoJSON file that is drawn over the base map, or null. */
  readonly mapOverlay: string | null;
  readonly timeScale: number;
  /** Epoch ms, or null for the real time. */
  readonly timeStart: number | null;
}

export interface InfluxSettings {
  readonly url: string;
  readonly token: string;
  readonly org: string;
  readonly bucket: string;
}

export interface BridgeSettings {
  /** `mqtt://`, `mqtts://`, `ws://` or `wss://`, without user and password. */
  readonly url: string;
  readonly username: string | null;
  readonly password: string | null;
  /** Path of a PEM file, or null. */
  readonly caFile: string | null;
  /** Name of the subscription that several gateways share, or null. */
  readonly group: string | null;
}

/** The URL too, for it may hold a user and a password. */
const SECRETS = new Set([
  'WAYSIDE_ADMIN_TOKEN',
  'WAYSIDE_INFLUX_TOKEN',
  'WAYSIDE_INFLUX_URL',
  'WAYSIDE_BRIDGE_URL',
  'WAYSIDE_BRIDGE_PASSWORD',
  'WAYSIDE_SMTP_URL',
]);
/** What can stand behind `Authorization: Bearer`. */
const ADMIN_TOKEN = /^[\x21-\x7e]{16,}$/;
const LARGEST_TIME_SCALE = 10_000;
const DEFAULT_JOURNAL_BYTES = 8 * 1024 ** 3;
/** Room for the largest commit, and for others behind it. */
const LEAST_JOURNAL_BYTES = 16 * 1024 ** 2;
const DEFAULT_POSITION_DAYS = 30;
const MOST_POSITION_DAYS = 36_500;

/**
 * Checks every setting.
 *
 * @param env environment variables; names that begin with WAYSIDE_ and are not settings are problems
 * @throws WaysideError `bad_settings` with all problems; no message holds a secret
 */
export function loadConfig(env: Env): Config {
  const reader = new SettingsReader(env, SECRETS);
  const influxUrl = reader.take<string | null>('WAYSIDE_INFLUX_URL', null, httpUrl, 'an http or https URL');
  const influx = {
    token: reader.text('WAYSIDE_INFLUX_TOKEN') ?? '',
    org: reader.text('WAYSIDE_INFLUX_ORG') ?? 'wayside',
    bucket: reader.text('WAYSIDE_INFLUX_BUCKET') ?? 'wayside',
  };
  const bridgeUrl = reader.take<string | null>(
    'WAYSIDE_BRIDGE_URL',
    null,
    mqttUrl,
    'an address like mqtt://host:1883 or mqtts://host:8883, without user and password',
  );
  const bridge = {
    username: reader.text('WAYSIDE_BRIDGE_USERNAME'),
    password: reader.text('WAYSIDE_BRIDGE_PASSWORD'),
    caFile: reader.text('WAYSIDE_BRIDGE_CA'),
    group: reader.take<string | null>(
      'WAYSIDE_BRIDGE_GROUP',
      null,
      (value) => (isValidId(value) ? value : undefined),
      'a name of 1 to 128 of A-Z a-z 0-9 . _ : -',
    ),
  };
  const positionDays = reader.take(
    'WAYSIDE_POSITION_DAYS',
    DEFAULT_POSITION_DAYS,
    (value) => wholeNumber(value, 0, MOST_POSITION_DAYS),
    `a whole number of days from 0 (for ever) to ${MOST_POSITION_DAYS}`,
  );
  const journalKeepMs = reader.take(
    'WAYSIDE_JOURNAL_KEEP',
    0,
    (value) => parseDuration(value) ?? undefined,
    'a duration like PT12H or P1D',
  );
  const config: Config = {
    dataDir: reader.text('WAYSIDE_DATA_DIR') ?? './data',
    journalMaxBytes: reader.take(
      'WAYSIDE_JOURNAL_MAX_BYTES',
      DEFAULT_JOURNAL_BYTES,
      (value) => wholeNumber(value, LEAST_JOURNAL_BYTES, Number.MAX_SAFE_INTEGER),
      `a whole number of bytes, at least ${LEAST_JOURNAL_BYTES}`,
    ),
    journalKeepMs: Math.min(journalKeepMs, positionDays === 0 ? Infinity : positionDays * DAY_MS),
    positionDays,
    host: reader.text('WAYSIDE_HOST') ?? '127.0.0.1',
    httpPort: reader.port('WAYSIDE_HTTP_PORT', 8080),
    mqttPort: reader.port('WAYSIDE_MQTT_PORT', 1883),
    tls: tlsSettingsOf(
      {
        port: reader.port('WAYSIDE_MQTTS_PORT', null),
        cert: reader.text('WAYSIDE_TLS_CERT'),
        key: reader.text('WAYSIDE_TLS_KEY'),
        ca: reader.text('WAYSIDE_TLS_CA'),
      },
      reader.problems,
    ),
    publicUrl: reader.take<string | null>('WAYSIDE_PUBLIC_URL', null, httpUrl, 'an http or https URL'),
    adminToken: reader.take<string | null>(
      'WAYSIDE_ADMIN_TOKEN',
      null,
      (value) => (ADMIN_TOKEN.test(value) ? value : undefined),
      'at least 16 characters, without blanks and control characters',
    ),
    influx: influxUrl === null ? null : { url: influxUrl, ...influx },
    bridge: bridgeUrl === null ? null : { url: bridgeUrl, ...bridge },
    pushHosts: reader.take<readonly string[]>(
      'WAYSIDE_PUSH_HOSTS',
      [],
      origins,
      'a comma-separated list of origins like https://push.example.org',
    ),
    vapidSubject: reader.take(
      'WAYSIDE_VAPID_SUBJECT',
      'mailto:wayside@localhost.invalid',
      contact,
      'a mailto: or https: address',
    ),
    mail: mailSettingsOf(
      reader.take<string | null>(
        'WAYSIDE_SMTP_URL',
        null,
        smtpUrl,
        'an address like smtps://user:password@host or smtp://host:587',
      ),
      reader.text('WAYSIDE_MAIL_FROM'),
      reader.problems,
    ),
    mapStyle: reader.take<string | null>(
      'WAYSIDE_MAP_STYLE',
      null,
      httpUrl,
      'an http or https URL of a MapLibre style',
    ),
    mapOverlay: reader.text('WAYSIDE_MAP_OVERLAY'),
    timeScale: reader.take(
      'WAYSIDE_TIME_SCALE',
      1,
      timeScale,
      `a number above 0, at most ${LARGEST_TIME_SCALE}`,
    ),
    timeStart: reader.take<number | null>(
      'WAYSIDE_TIME_START',
      null,
      moment,
      'a moment: ISO 8601 or epoch milliseconds',
    ),
  };
  const problems = [...reader.problems, ...reader.unknownNames()];
  if (problems.length > 0) {
    throw new WaysideError(
      'bad_settings',
      problems.map(({ path, message }) => `${path}: ${message}`).join('; '),
      { problems },
    );
  }
  return config;
}

/** Every name of a setting, for the test that compares them with the README. */
export function settingNames(): readonly string[] {
  const names: string[] = [];
  const spy = new Proxy<Env>({}, { get: (_, name) => void names.push(String(name)), ownKeys: () => [] });
  loadConfig(spy);
  return names;
}

function timeScale(value: string): number | undefined {
  const number = Number(value);
  return number > 0 && number <= LARGEST_TIME_SCALE ? number : undefined;
}

import type { Reading, ReadingProblem } from '../../rules/readings/reading.ts';
import type { Codec } from './codec.ts';
import { type Dialect, isAliasOf, isBelow, isLevel } from './dialect.ts';
import { decodeEach } from './json.ts';
import { parseReading } from './json-reading.ts';
import { readJson } from './json-text.ts';

const KMH_IN_A_METRE_PER_SECOND = 3.6;
const PASCAL_IN_A_KILOPASCAL = 1000;
const NETWORKS: ReadonlyMap<unknown, string> = new Map([
  ['w', 'wifi'],
  ['m', 'mobile'],
  ['o', 'offline'],
]);

const PREFIX = 'owntracks/';
/** The app hears its commands there, and says nothing. */
const COMMANDS = 'cmd';

type Fields = Readonly<Record<string, unknown>>;
type Draft = Record<string, unknown>;

/**
 * The OwnTracks apps' JSON (https://owntracks.org/booklet/tech/json/). Taken are `location`, `transition`, `steps` and
 * `lwt`, alone or in an array; every other type is passed over, as OwnTracks does with what it does not know. Names of
 * networks (SSID, BSSID) are not kept: they say where somebody lives.
 */
const codec: Codec = {
  decode(payload) {
    // The apps clear a retained message with an empty one.
    if (payload.length === 0) return { readings: [], problems: [] };
    const document = readJson(payload);
    if (!document.ok) return { readings: [], problems: [document.problem] };
    return decodeEach(
      Array.isArray(document.value) ? document.value : [document.value],
      Array.isArray(document.value)
        ? parseMessage
        : (message, _path, problems) => parseMessage(message, '', problems),
    );
  },
};

/** `owntracks/{user}/{device}`, and one level below it by kind of message (`event`, `step`, `info` …). */
export const ownTracks: Dialect = {
  name: 'OwnTracks',
  prefix: PREFIX,
  telemetryFilter: 'owntracks/+/+/#',
  decoding: { kind: 'plain', codec },
  aliasForm: 'owntracks/{user}/{device}',
  isAlias: (text) => isAliasOf(PREFIX, text, [2]),
  route(topic) {
    const [, user, device, kind, ...rest] = topic.split('/');
    if (!user || !device || kind === COMMANDS || rest.length > 0) return null;
    if (kind !== undefined && !isLevel(kind)) return null;
    return { sender: `${PREFIX}${user}/${device}`, subject: null };
  },
  maySubscribe(filter, isOwn) {
    const [, user, device, ...below] = filter.split('/');
    return isOwn(`${PREFIX}${user}/${device}`) && isBelow(below);
  },
};

function parseMessage(message: unknown, path: string, problems: ReadingProblem[]): Reading | null {
  const refuse = (code: ReadingProblem['code'], text: string): null => {
    problems.push({ code, message: path === '' ? text : `${path}: ${text}` });
    return null;
  };
  if (!isObject(message)) return refuse('bad_shape', 'an OwnTracks message is expected to be an object');
  switch (message._type) {
    case 'location':
      if (typeof message.tst !== 'number')
        return refuse('bad_time', 'tst is expected as a number of seconds since 1970');
      return parseReading(
        { at: secondsToMs(message.tst), position: positionOf(message), metrics: metricsOf(message) },
        path,
        problems,
      );
    case 'transition':
      return parseTransition(message, path, problems);
    case 'steps':
      return parseSteps(message, path, problems);
    case 'lwt':
      // Its `tst` is when the app connected, not when it was lost: arrival counts.
      if (message.tst !== undefined && typeof message.tst !== 'number')
        return refuse('bad_time', 'tst is expected as a number of seconds since 1970');
      return parseReading({ event: 'offline' }, path, problems);
    case 'encrypted':
      return refuse(
        'bad_encoding',
        'the message is encrypted, and Wayside has no key. Remove the encryption key in the app; use TLS instead.',
      );
    default:
      return typeof message._type === 'string'
        ? null
        : refuse('bad_shape', '_type is missing; OwnTracks messages have one');
  }
}

/** A region of the app was entered or left. Upstream's schema wants `event`, `tst`, `wtst` and `acc`; a place may be missing. */
function parseTransition(message: Fields, path: string, problems: ReadingProblem[]): Reading | null {
  const { event, tst, desc, t } = message;
  if (event !== 'enter' && event !== 'leave') {
    problems.push({ code: 'bad_shape', message: `${path}/event: enter or leave is expected` });
    return null;
  }
  if (typeof tst !== 'number') {
    problems.push({ code: 'bad_time', message: `${path}/tst: a number of seconds since 1970 is expected` });
    return null;
  }
  const before = problems.length;
  const draft: Draft = { at: secondsToMs(tst), event: `region_${event}` };
  if (message.lat !== undefined || message.lon !== undefined) draft.position = positionOf(message);
  const metrics: Draft = {};
  if (desc !== undefined) metrics.region = desc;
  if (t === 'b') metrics.beacon = true;
  draft.metrics = Object.keys(metrics).length === 0 ? undefined : metrics;
  const reading = parseReading(draft, path, problems);
  // Without its place a transition says that somebody came to nowhere: upstream's schema refuses all of it.
  return problems.slice(before).some(({ code }) => code === 'bad_position') ? null : reading;
}

/** Counted by a pedometer from `from` to `to`; all three and `tst` are required by upstream's schema. */
function parseSteps(message: Fields, path: string, problems: ReadingProblem[]): Reading | null {
  for (const name of ['tst', 'from', 'to', 'steps'] as const) {
    if (typeof message[name] === 'number') continue;
    problems.push({ code: 'bad_shape', message: `${path}/${name}: a number is expected` });
    return null;
  }
  const metrics: Draft = { steps: message.steps };
  put(metrics, 'walkedDistance', message.distance);
  put(metrics, 'floorsUp', message.floorsup);
  put(metrics, 'floorsDown', message.floorsdown);
  return parseReading({ at: secondsToMs(message.tst), metrics }, path, problems);
}

function positionOf({ lat, lon, acc, vel, cog, alt }: Fields): Draft {
  return {
    lat,
    lon,
    accuracy: acc,
    speed: typeof vel === 'number' ? vel / KMH_IN_A_METRE_PER_SECOND : vel,
    heading: cog,
    altitude: alt,
  };
}

function metricsOf({ batt, bs, conn, p, tag }: Fields): Draft | undefined {
  const metrics: Draft = {};
  // The iOS app says -1 while it does not know.
  if (batt !== -1) put(metrics, 'battery', typeof batt === 'number' ? batt / 100 : batt);
  if (bs === 1 || bs === 2 || bs === 3) metrics.charging = bs !== 1;
  put(metrics, 'network', NETWORKS.get(conn));
  put(metrics, 'pressure', typeof p === 'number' ? p * PASCAL_IN_A_KILOPASCAL : p);
  put(metrics, 'tag', tag);
  return Object.keys(metrics).length === 0 ? undefined : metrics;
}

function put(metrics: Draft, name: string, value: unknown): void {
  if (value !== undefined && value !== null) metrics[name] = value;
}

function secondsToMs(seconds: unknown): unknown {
  return typeof seconds === 'number' ? seconds * 1000 : seconds;
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

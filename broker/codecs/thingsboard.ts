import type { Reading, ReadingProblem } from '../../rules/readings/reading.ts';
import type { Codec } from './codec.ts';
import type { Dialect } from './dialect.ts';
import { decodeEach } from './json.ts';
import { parseReading } from './json-reading.ts';
import { readJson } from './json-text.ts';
import {
  ATTRIBUTES_RESPONSES_FILTER,
  ATTRIBUTES_TOPIC,
  parseThingsBoardTopic,
  RPC_REQUESTS_FILTER,
  RPC_RESPONSES_FILTER,
  TELEMETRY_TOPIC,
  THINGSBOARD_PREFIX,
} from './thingsboard-topics.ts';

/** Keys that are parts of a position where `latitude` and `longitude` are there. */
const POSITION_KEYS = { altitude: 'altitude', accuracy: 'accuracy', heading: 'heading' } as const;

type Fields = Readonly<Record<string, unknown>>;
type Draft = Record<string, unknown>;

/**
 * Telemetry of the ThingsBoard device API (https://thingsboard.io/docs/reference/mqtt-api/): `{"temp": 1}`, or with a time
 * `{"ts": 1763756400000, "values": {"temp": 1}}`, or an array of either. `latitude` and `longitude` make a position; with
 * them `altitude`, `accuracy` and `heading` belong to it.
 */
const codec: Codec = {
  decode(payload) {
    const document = readJson(payload);
    if (!document.ok) return { readings: [], problems: [document.problem] };
    if (Array.isArray(document.value)) return decodeEach(document.value, parseEntry);
    return decodeEach([document.value], (entry, _path, problems) => parseEntry(entry, '', problems));
  },
};

/**
 * Every device says `me`, so its topics need no registration. What goes down to one goes to its connection alone (see
 * gateway/downlink/thingsboard.ts), for the topics are the same for all.
 */
export const thingsBoard: Dialect = {
  name: 'ThingsBoard',
  prefix: THINGSBOARD_PREFIX,
  telemetryFilter: TELEMETRY_TOPIC,
  decoding: { kind: 'plain', codec },
  aliasForm: null,
  isAlias: () => false,
  route: (topic) => (topic === TELEMETRY_TOPIC ? { sender: null, subject: null } : null),
  isAnswer: (topic) => parseThingsBoardTopic(topic) !== null,
  maySubscribe: (filter) =>
    [ATTRIBUTES_TOPIC, RPC_REQUESTS_FILTER, RPC_RESPONSES_FILTER, ATTRIBUTES_RESPONSES_FILTER].includes(
      filter,
    ),
};

function parseEntry(entry: unknown, path: string, problems: ReadingProblem[]): Reading | null {
  if (!isObject(entry)) {
    problems.push({
      code: 'bad_shape',
      message: `${path === '' ? '' : `${path}: `}keys and values are expected, or ts and values`,
    });
    return null;
  }
  const isTimed = entry.ts !== undefined && isObject(entry.values);
  const values = isTimed ? (entry.values as Fields) : entry;
  const metrics: Draft = Object.create(null);
  for (const key of Object.keys(values)) {
    // ThingsBoard devices say "no value" with null.
    if (values[key] !== null) metrics[key] = values[key];
  }
  const draft: Draft = { metrics };
  if (isTimed) draft.at = entry.ts;
  if (metrics.latitude !== undefined || metrics.longitude !== undefined)
    draft.position = takePosition(metrics);
  if (Object.keys(metrics).length === 0) delete draft.metrics;
  return parseReading(draft, path, problems);
}

function takePosition(metrics: Draft): Draft {
  const position: Draft = { lat: metrics.latitude, lon: metrics.longitude };
  delete metrics.latitude;
  delete metrics.longitude;
  for (const [key, field] of Object.entries(POSITION_KEYS)) {
    if (typeof metrics[key] !== 'number') continue;
    position[field] = metrics[key];
    delete metrics[key];
  }
  return position;
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

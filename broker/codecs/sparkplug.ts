import type { ReadingProblem } from '../../rules/readings/reading.ts';
import type { DialectState, StatefulCodec, StatefullyDecoded } from './codec.ts';
import { type Dialect, isAliasOf, isBelow, isLevel } from './dialect.ts';
import { SparkplugMessage } from './sparkplug-message.ts';
import { readSparkplug, type SparkplugPayload } from './sparkplug-payload.ts';
import { readState, type SparkplugState, writeState } from './sparkplug-state.ts';
import { isUpward, nodeAlias, parseSparkplugTopic, SPARKPLUG_PREFIX } from './sparkplug-topic.ts';
import { unpack } from './unpack.ts';

const HOST_STATE = `${SPARKPLUG_PREFIX}STATE/wayside`;
const ANY_HOST_STATE = `${SPARKPLUG_PREFIX}STATE/+`;

/**
 * Sparkplug B (Eclipse Sparkplug 3.0). The edge node is a Wayside device. A device behind it is one too where it is
 * registered; else its metrics are the edge node's, named `{device}/{metric}`. Metrics of one timestamp are one reading;
 * `…/Latitude` and `…/Longitude` make its position. A death is the event `offline`.
 *
 * After a gap in the sequence numbers, an alias that no birth told, or data before a birth the node is asked for a rebirth
 * (NCMD with `Node Control/Rebirth`), at most once in 10 s.
 */
const codec: StatefulCodec = {
  stateKey(topic) {
    const parsed = parseSparkplugTopic(topic);
    return parsed === null ? '' : nodeAlias(parsed);
  },
  decode(payload, arrival, before) {
    const topic = parseSparkplugTopic(arrival.topic);
    const state = readState(before);
    if (topic === null) return refusal('bad_shape', 'the topic is none of Sparkplug B', before, state);
    const read = readPayload(payload);
    if ('code' in read) return refusal(read.code, read.message, before, state);
    return new SparkplugMessage(topic, read, arrival, state).take();
  },
};

/**
 * An edge node is registered as `spBv1.0/{group}/{node}`, and publishes for its devices too; one of these is a Wayside device of
 * its own where it is registered as `spBv1.0/{group}/{node}/{device}`.
 */
export const sparkplug: Dialect = {
  name: 'Sparkplug B',
  prefix: SPARKPLUG_PREFIX,
  telemetryFilter: 'spBv1.0/+/+/+/#',
  decoding: { kind: 'stateful', codec },
  aliasForm: 'spBv1.0/{group}/{node} or spBv1.0/{group}/{node}/{device}',
  isAlias: (text) => isAliasOf(SPARKPLUG_PREFIX, text, [2, 3]),
  route(topic) {
    const parsed = parseSparkplugTopic(topic);
    if (parsed === null || !isUpward(parsed.message)) return null;
    if (parsed.device !== '' && !isLevel(parsed.device)) return null;
    const sender = nodeAlias(parsed);
    return { sender, subject: parsed.device === '' ? null : `${sender}/${parsed.device}` };
  },
  // A node that is set to wait for its primary host finds this one under that name.
  greeting: (at) => ({ topic: HOST_STATE, payload: JSON.stringify({ online: true, timestamp: at }) }),
  maySubscribe(filter, isOwn) {
    const [, group, message, node, ...below] = filter.split('/');
    if (filter === HOST_STATE || filter === ANY_HOST_STATE) return true;
    if ((message !== 'NCMD' && message !== 'DCMD') || !group || !node) return false;
    return isBelow(below) && isOwn(nodeAlias({ group, node }));
  },
};

function refusal(
  code: ReadingProblem['code'],
  message: string,
  before: DialectState | null,
  state: SparkplugState,
): StatefullyDecoded {
  return {
    readings: [],
    problems: [{ code, message }],
    state: before ?? writeState(state),
    requests: [],
  };
}

function readPayload(payload: Uint8Array): SparkplugPayload | ReadingProblem {
  try {
    const outer = readSparkplug(payload);
    if (outer.compressed === null) return outer;
    const unpacked = unpack(outer.compressed.kind, outer.compressed.body);
    if (!unpacked.ok) return unpacked.problem;
    const inner = readSparkplug(unpacked.bytes);
    // The number is told within, or beside what is compressed.
    return { ...inner, seq: inner.seq ?? outer.seq, timestamp: inner.timestamp ?? outer.timestamp };
  } catch {
    return {
      code: 'bad_encoding',
      message: `the payload of ${payload.length} bytes is no Sparkplug B message`,
    };
  }
}

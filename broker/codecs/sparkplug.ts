import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { MetricValue, ReadingProblem } from '../../rules/reading.ts';
import type { Arrival, DialectRequest, DialectState, StatefulCodec, StatefullyDecoded } from './codec.ts';
import { type Dialect, isAliasOf, isBelow, isLevel } from './dialect.ts';
import { Drafts } from './drafts.ts';
import { positionPartOf } from './position-parts.ts';
import {
  DATATYPE,
  integerValue,
  readSparkplug,
  type SparkplugMetric,
  type SparkplugPayload,
} from './sparkplug-payload.ts';
import {
  type Definition,
  lookupOf,
  readState,
  type SparkplugState,
  withBirth,
  writeState,
} from './sparkplug-state.ts';
import {
  isUpward,
  nodeAlias,
  parseSparkplugTopic,
  SPARKPLUG_PREFIX,
  type SparkplugTopic,
} from './sparkplug-topic.ts';
import { unpack } from './unpack.ts';

/** Numbers of messages go from 0 to 255 and begin anew (Sparkplug 3.0 §6.4.15). */
const SEQUENCE_NUMBERS = 256;
/** A node that does not answer is not asked at each message. */
const ASK_AGAIN_AFTER_MS = 10_000;
const HOST_STATE = `${SPARKPLUG_PREFIX}STATE/wayside`;
const ANY_HOST_STATE = `${SPARKPLUG_PREFIX}STATE/+`;
const SESSION_NUMBER = 'bdSeq';
/** Switches, not measurements: a birth lists them so that a host may write to them. */
const CONTROLS = ['Node Control/', 'Device Control/'];

/**
 * Sparkplug B (Eclipse Sparkplug 3.0). The edge node is a Wayside device. A device behind it is one too where it is
 * registered; else its metrics are the edge node's, named `{device}/{metric}`. Metrics of one timestamp are one reading;
 * `…/Latitude` and `…/Longitude` make its position. A death is the event `offline`.
 *
 * After a gap in the sequence numbers, an alias that no birth told, or data before a birth the node is asked for a rebirth
 * (§6.4.19; NCMD with `Node Control/Rebirth`), at most once in 10 s.
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
    return new Message(topic, read, arrival, state).take();
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
  // A node that is set to wait for its primary host finds this one under that name (Sparkplug 3.0 §5.14, §6.4.25).
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

/** One message on its way through; made for it, and dropped after. */
class Message {
  readonly #topic: SparkplugTopic;
  readonly #payload: SparkplugPayload;
  readonly #arrival: Arrival;
  readonly #drafts = new Drafts();
  readonly #problems: ReadingProblem[] = [];
  readonly #requests: DialectRequest[] = [];
  #state: SparkplugState;
  #isRebirthNeeded = false;

  constructor(topic: SparkplugTopic, payload: SparkplugPayload, arrival: Arrival, state: SparkplugState) {
    this.#topic = topic;
    this.#payload = payload;
    this.#arrival = arrival;
    this.#state = state;
  }

  take(): StatefullyDecoded {
    switch (this.#topic.message) {
      case 'NBIRTH':
      case 'DBIRTH':
        return this.#takeBirth();
      case 'NDATA':
      case 'DDATA':
        return this.#takeData();
      case 'NDEATH':
        return this.#takeNodeDeath();
      case 'DDEATH':
        this.#count();
        if (this.#isOwnDevice()) this.#notePresence(this.#arrival.userId, 'offline');
        return this.#finish(`${this.#isOwnDevice() ? '' : `${this.#topic.device}/`}offline`);
      case 'NCMD':
      case 'DCMD':
        return this.#finish();
    }
  }

  #takeBirth(): StatefullyDecoded {
    const { device } = this.#topic;
    if (device !== '' && this.#state.births === null) {
      this.#isRebirthNeeded = true;
      return this.#refuse("a device was born before its edge node; the node's birth is asked for");
    }
    if (device === '') this.#setProgress({ seq: this.#payload.seq, online: true });
    else this.#count();
    const { metrics } = this.#payload;
    const definitions: Definition[] = [];
    for (const { name, alias, datatype, unit } of metrics) {
      if (name !== null) definitions.push([name, alias, datatype, unit]);
    }
    const node = device === '' ? this.#arrival.userId : (this.#state.births?.node ?? '');
    const births = withBirth(
      this.#state.births,
      node,
      [device, definitions, this.#arrival.userId],
      sessionNumber(metrics),
    );
    if (births === null) {
      return this.#refuse(
        'the edge node and its devices have more metrics than are kept: 20,000 in all',
        'too_large',
      );
    }
    this.#state = { ...this.#state, births };
    if (this.#isOwnDevice()) this.#notePresence(this.#arrival.userId, 'online');
    this.#addMetrics(true);
    return this.#finish();
  }

  #takeData(): StatefullyDecoded {
    const { births, progress } = this.#state;
    this.#count();
    // What a device's metric is called depends on whose it is, which a birth has to tell first.
    const isUnknown = lookupOf(births, this.#topic.device) === null;
    if (isUnknown || !progress.online) this.#isRebirthNeeded = true;
    if (isUnknown && this.#topic.device !== '') {
      return this.#refuse('data came before the birth of its device; a rebirth is asked for');
    }
    this.#addMetrics(false);
    return this.#finish();
  }

  #takeNodeDeath(): StatefullyDecoded {
    const session = sessionNumber(this.#payload.metrics);
    const born = this.#state.births?.bdSeq ?? null;
    // The will of a connection before the present one (§6.4.17).
    if (session !== null && born !== null && session !== born) return this.#finish();
    this.#setProgress({ seq: null, online: false });
    // Its devices went with it (§6.4.22); of those that are registered nobody else will tell.
    for (const [, , deviceId] of this.#state.births?.scopes ?? []) {
      if (deviceId !== this.#state.births?.node) this.#notePresence(deviceId, 'offline');
    }
    return this.#finish('offline');
  }

  #addMetrics(isBirth: boolean): void {
    const { device } = this.#topic;
    const lookup = lookupOf(this.#state.births, device);
    const prefix = device === '' || this.#isOwnDevice() ? '' : `${device}/`;
    const named: Named[] = [];
    let unknownAliases = 0;
    for (const metric of this.#payload.metrics) {
      const told =
        metric.name === null
          ? lookup?.byAlias.get(metric.alias ?? '')
          : (lookup?.byName.get(metric.name) ?? null);
      const name = metric.name ?? told?.[0];
      if (name === undefined) {
        unknownAliases += 1;
        continue;
      }
      if (name === SESSION_NUMBER || CONTROLS.some((control) => name.startsWith(control))) continue;
      const value = this.#valueOf(metric, metric.datatype ?? told?.[2] ?? null, name, isBirth);
      if (value === null) continue;
      const at = metric.timestamp ?? this.#payload.timestamp ?? undefined;
      named.push({ at, name, value, unit: metric.unit ?? told?.[3] ?? undefined });
    }
    if (unknownAliases > 0) {
      this.#isRebirthNeeded = true;
      this.#problems.push({
        code: 'bad_metric',
        message: `${unknownAliases} metrics have neither a name nor an alias that the birth told; a rebirth is asked for`,
      });
    }
    addAll(this.#drafts, named, prefix);
  }

  #valueOf(
    { value, isNull }: SparkplugMetric,
    datatype: number | null,
    name: string,
    isBirth: boolean,
  ): MetricValue | null {
    if (isNull || value.kind === 'none') return null;
    if (value.kind === 'plain') return value.value;
    if (value.kind === 'integer') return integerValue(value.bits, datatype);
    // A birth also describes what is never sent as data.
    if (!isBirth) {
      const what = datatype === DATATYPE.dataSet ? 'a data set' : 'bytes or a template';
      this.#problems.push({
        code: 'bad_metric',
        message: `${JSON.stringify(name.slice(0, 64))}: ${what} can't be kept; a number, a boolean or a text is expected`,
      });
    }
    return null;
  }

  /** Whether the device behind the node is registered: then the message is about another device than the node's. */
  #isOwnDevice(): boolean {
    return this.#topic.device !== '' && this.#arrival.userId !== this.#state.births?.node;
  }

  #notePresence(deviceId: string, state: 'online' | 'offline'): void {
    this.#requests.push({ kind: 'presence', deviceId, state });
  }

  /** Notes the message's number, and whether one before it is missing. The same number again is the same message. */
  #count(): void {
    const { seq } = this.#payload;
    const last = this.#state.progress.seq;
    if (seq !== null && last !== null && seq !== last && seq !== (last + 1) % SEQUENCE_NUMBERS) {
      this.#isRebirthNeeded = true;
    }
    this.#setProgress({ seq });
  }

  #setProgress(change: Partial<SparkplugState['progress']>): void {
    this.#state = { ...this.#state, progress: { ...this.#state.progress, ...change } };
  }

  #refuse(message: string, code: ReadingProblem['code'] = 'bad_shape'): StatefullyDecoded {
    this.#problems.push({ code, message });
    return this.#finish();
  }

  #finish(event?: string): StatefullyDecoded {
    const { readings, problems } = this.#drafts.decoded(this.#problems);
    const { receivedAt } = this.#arrival;
    const node = this.#state.births?.node ?? this.#arrival.userId;
    const sinceAsked = receivedAt - this.#state.progress.askedAt;
    // A clock that was set back must not silence the question.
    if (this.#isRebirthNeeded && (sinceAsked < 0 || sinceAsked >= ASK_AGAIN_AFTER_MS)) {
      this.#setProgress({ askedAt: receivedAt });
      this.#requests.push(rebirthRequest(node, this.#topic, Math.trunc(receivedAt)));
    }
    return {
      readings: event === undefined ? readings : [...readings, { event }],
      problems,
      state: writeState(this.#state),
      requests: this.#requests,
    };
  }
}

interface Named {
  readonly at: number | undefined;
  readonly name: string;
  readonly value: MetricValue;
  readonly unit: string | undefined;
}

/** Parts of a position are told by the last word of their names, and belong together where the words before it are the same. */
function addAll(drafts: Drafts, named: readonly Named[], prefix: string): void {
  const places = new Map<string, Set<string>>();
  const placeOf = ({ at, name }: Named) => `${at} ${stemOf(name)}`;
  const partOf = ({ name, value, unit }: Named) =>
    typeof value === 'number' ? positionPartOf(name.slice(stemOf(name).length), value, unit) : null;
  for (const metric of named) {
    const field = partOf(metric)?.field;
    if (field !== 'lat' && field !== 'lon') continue;
    const place = placeOf(metric);
    const fields = places.get(place);
    if (fields === undefined) places.set(place, new Set([field]));
    else fields.add(field);
  }
  for (const metric of named) {
    const { at, name, value, unit } = metric;
    const part = places.get(placeOf(metric))?.size === 2 ? partOf(metric) : null;
    // The device behind a node that is not registered is elsewhere than the node.
    if (part !== null && prefix === '') drafts.addPosition(at, part.field, part.value);
    else drafts.addMetric(at, prefix + name, value, unit);
  }
}

/** All of a name up to its last word: `Position/` of `Position/Latitude`. */
function stemOf(name: string): string {
  return name.slice(0, name.lastIndexOf('/') + 1);
}

function sessionNumber(metrics: readonly SparkplugMetric[]): number | null {
  const value = metrics.find(({ name }) => name === SESSION_NUMBER)?.value;
  return value?.kind === 'integer' ? Number(value.bits) : null;
}

/** Sparkplug 3.0 §6.4.24: `Node Control/Rebirth` set to true. */
function rebirthRequest(deviceId: string, { group, node }: SparkplugTopic, at: number): DialectRequest {
  const metric = new BinaryWriter()
    .tag(1, WireType.LengthDelimited)
    .string('Node Control/Rebirth')
    .tag(3, WireType.Varint)
    .uint64(at)
    .tag(4, WireType.Varint)
    .uint32(DATATYPE.boolean)
    .tag(14, WireType.Varint)
    .bool(true)
    .finish();
  const payload = new BinaryWriter()
    .tag(1, WireType.Varint)
    .uint64(at)
    .tag(2, WireType.LengthDelimited)
    .bytes(metric)
    .finish();
  return { kind: 'send', deviceId, topic: `${SPARKPLUG_PREFIX}${group}/NCMD/${node}`, payload };
}

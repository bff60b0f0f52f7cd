import type { MetricValue, ReadingProblem } from '../../rules/readings/reading.ts';
import type { Arrival, DialectRequest, StatefullyDecoded } from './codec.ts';
import { Drafts } from './drafts.ts';
import { DATATYPE, integerValue, type SparkplugMetric, type SparkplugPayload } from './sparkplug-payload.ts';
import { addAll, type Named } from './sparkplug-readings.ts';
import { rebirthRequest } from './sparkplug-rebirth.ts';
import { type Definition, lookupOf, type SparkplugState, withBirth, writeState } from './sparkplug-state.ts';
import type { SparkplugTopic } from './sparkplug-topic.ts';

/** Numbers of messages go from 0 to 255 and begin anew (Sparkplug 3.0, "seq"). */
const SEQUENCE_NUMBERS = 256;
/** A node that does not answer is not asked at each message. */
const ASK_AGAIN_AFTER_MS = 10_000;
const SESSION_NUMBER = 'bdSeq';
/** Switches, not measurements: a birth lists them so that a host may write to them. */
const CONTROLS = ['Node Control/', 'Device Control/'];

/** One message on its way through; made for it, and dropped after. */
export class SparkplugMessage {
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
    // The will of a connection before the present one (`bdSeq`).
    if (session !== null && born !== null && session !== born) return this.#finish();
    this.#setProgress({ seq: null, online: false });
    // Its devices went with it; of those that are registered nobody else will tell.
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

function sessionNumber(metrics: readonly SparkplugMetric[]): number | null {
  const value = metrics.find(({ name }) => name === SESSION_NUMBER)?.value;
  return value?.kind === 'integer' ? Number(value.bits) : null;
}

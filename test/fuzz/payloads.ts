import type { DialectState } from '../../broker/codecs/codec.ts';
import { spanOf } from '../../broker/codecs/codec.ts';
import { nativeCodec } from '../../broker/codecs/native.ts';
import { dialectOf } from '../../broker/dialects.ts';
import { createRandom, type Random } from '../../devices-sim/city/model/random.ts';
import { cpuMs } from '../support/cpu-time.ts';
import type { CodecSeeds } from './codec-seeds.ts';
import { mutate } from './mutate.ts';
import { mutateValue } from './mutate-value.ts';

const RECEIVED_AT = 1_763_756_400_000;
/** Far beyond what a message may take. */
const LONGEST_MS = 1000;

/** An input that a codec did not stand. */
export interface PayloadFind {
  readonly codec: string;
  readonly topic: string;
  readonly hex: string;
  readonly fault: string;
}

export interface PayloadReport {
  readonly codec: string;
  readonly payloads: number;
  /** Payloads of which some reading was usable: mutation that breaks everything tests nothing. */
  readonly understood: number;
  readonly slowestMs: number;
  readonly finds: readonly PayloadFind[];
}

/** Feeds a codec mutated payloads; the same seed gives the same payloads. */
export function fuzzCodec(codec: CodecSeeds, payloads: number, seed: number): PayloadReport {
  const random = createRandom(seed).fork(codec.name);
  const finds: PayloadFind[] = [];
  let understood = 0;
  let slowestMs = 0;
  let state: DialectState | null = null;
  for (let n = 0; n < payloads; n += 1) {
    const payload = mutated(codec, random);
    const startedAt = cpuMs();
    const tried = tryPayload(codec.topic, payload, state);
    const tookMs = cpuMs() - startedAt;
    slowestMs = Math.max(slowestMs, tookMs);
    state = tried.state;
    if (tried.readings > 0) understood += 1;
    const fault = tried.fault ?? (tookMs > LONGEST_MS ? `took ${Math.round(tookMs)} ms` : null);
    if (fault !== null)
      finds.push({ codec: codec.name, topic: codec.topic, hex: Buffer.from(payload).toString('hex'), fault });
  }
  return { codec: codec.name, payloads, understood, slowestMs, finds };
}

/** Half of them are well-formed and odd, half are broken bytes. */
function mutated(codec: CodecSeeds, random: Random): Uint8Array {
  return codec.values.length > 0 && random.chance(0.5)
    ? codec.write(mutateValue(random.pick(codec.values), random))
    : mutate(random.pick(codec.seeds), codec.seeds, random);
}

/** What is wrong with how a codec takes a payload, or null. */
export function tryPayload(
  topic: string,
  payload: Uint8Array,
  before: DialectState | null,
): { fault: string | null; readings: number; state: DialectState | null } {
  const arrival = { topic, receivedAt: RECEIVED_AT, userId: 'd' };
  const decoding = dialectOf(topic)?.decoding ?? { kind: 'plain', codec: nativeCodec };
  try {
    if (decoding.kind === 'plain') {
      const decoded = decoding.codec.decode(payload, arrival);
      return { ...judge(payload, decoded), state: null };
    }
    const decoded = decoding.codec.decode(payload, arrival, before);
    return { ...judge(payload, decoded), state: decoded.state };
  } catch (error) {
    return {
      fault: `threw ${error instanceof Error ? error.message : String(error)}`,
      readings: 0,
      state: before,
    };
  }
}

function judge(
  payload: Uint8Array,
  { readings, problems }: { readings: readonly object[]; problems: readonly object[] },
): { fault: string | null; readings: number } {
  if (readings.length > spanOf(payload))
    return {
      fault: `${readings.length} readings where ${spanOf(payload)} sequence numbers are set aside`,
      readings: 0,
    };
  // JSON has no NaN and no infinity: a text that differs from its own copy holds one.
  const text = JSON.stringify(readings);
  if (text.includes(':null')) return { fault: 'a reading holds what is no finite number', readings: 0 };
  if (problems.length > 10_000) return { fault: `${problems.length} problems`, readings: 0 };
  return { fault: null, readings: readings.length };
}

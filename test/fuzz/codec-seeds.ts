import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { encode as encodeCbor } from 'cborg';
import { get } from 'sparkplug-payload';

/** A codec under test: where its messages come, and good ones to begin from. */
export interface CodecSeeds {
  readonly name: string;
  readonly topic: string;
  readonly seeds: readonly Uint8Array[];
  /** Good messages as values, and how they are written; empty where only bytes are mutated. */
  readonly values: readonly unknown[];
  write(value: unknown): Uint8Array;
}

interface Case {
  readonly topic: string;
  readonly json?: unknown;
  readonly hex?: string;
}

interface Conversation {
  readonly messages: readonly {
    readonly topic: string;
    readonly payload?: { readonly metrics?: unknown[] };
  }[];
}

const CASES = new URL('../broker/codecs/cases/', import.meta.url);
const tahu = get('spBv1.0') as { encodePayload(payload: object): Uint8Array };

/** The codecs with all that their cases hold. */
export function codecSeeds(): readonly CodecSeeds[] {
  const own = 'devices/d/telemetry';
  const native = cases('native.json');
  const senml = cases('senml.json');
  const readings = [...NATIVE, ...valuesOf(native)];
  const packs = valuesOf(senml);
  const gzipped = (value: unknown) => gzipSync(JSON.stringify(value));
  return [
    written('native JSON', own, readings, asJson),
    written('native CBOR', own, readings, encodeCbor, hexOf(native)),
    written('gzip', own, readings, gzipped),
    written('SenML JSON', own, packs, asJson),
    written('SenML CBOR', own, packs, encodeCbor, hexOf(senml)),
    written('OwnTracks', 'owntracks/u/d', valuesOf(cases('owntracks.json')), asJson),
    written('ThingsBoard', 'v1/devices/me/telemetry', valuesOf(cases('thingsboard.json')), asJson),
    written('Sparkplug B', 'spBv1.0/plant/NBIRTH/node', [], asJson, sparkplugSeeds()),
  ];
}

const NATIVE = [
  {
    at: 1763756400000,
    position: { lat: 45.4642, lon: 9.19, accuracy: 8, speed: 3.1, heading: 270, altitude: 120 },
    metrics: { fuel: 0.12, rpm: 2100, door: true, state: 'idle' },
    event: 'purchase',
  },
  [{ at: '2025-11-21T20:00:00Z', metrics: { fuel: 0.5 } }, { event: 'stop' }],
];

function written(
  name: string,
  topic: string,
  values: readonly unknown[],
  write: (value: unknown) => Uint8Array,
  more: readonly Uint8Array[] = [],
): CodecSeeds {
  return { name, topic, values, write, seeds: [...values.map(write), ...more] };
}

function cases(file: string): readonly Case[] {
  return JSON.parse(readFileSync(new URL(file, CASES), 'utf8')) as Case[];
}

function valuesOf(all: readonly Case[]): readonly unknown[] {
  return all.flatMap(({ json }) => (json === undefined ? [] : [json]));
}

function hexOf(all: readonly Case[]): readonly Uint8Array[] {
  return all.flatMap(({ hex }) => (hex === undefined ? [] : [Buffer.from(hex.replaceAll(' ', ''), 'hex')]));
}

function asJson(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

/** Values that the encoder can't write (NaN as text, byte lists) are left out: mutation brings worse. */
function sparkplugSeeds(): readonly Uint8Array[] {
  const conversations = JSON.parse(readFileSync(new URL('sparkplug.json', CASES), 'utf8')) as Conversation[];
  return conversations
    .flatMap(({ messages }) => messages)
    .flatMap(({ payload }) => {
      if (payload === undefined) return [];
      const metrics = ((payload.metrics ?? []) as { type: string; value: unknown }[]).filter(
        ({ type, value }) => type !== 'Bytes' && value !== 'NaN',
      );
      return [tahu.encodePayload({ ...payload, metrics })];
    });
}

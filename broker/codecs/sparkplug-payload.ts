import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

/** Of Sparkplug 3.0, the data types whose bits say more than their field does. */
export const DATATYPE = {
  int8: 1,
  int16: 2,
  int32: 3,
  int64: 4,
  boolean: 11,
  dateTime: 13,
  dataSet: 16,
  bytes: 17,
  file: 18,
  template: 19,
} as const;

const COMPRESSED = 'SPBV1.0_COMPRESSED';
/** More than any birth has; a payload of 1 MiB could hold half a million empty ones. */
const MAX_METRICS = 20_000;
const UNIT_PROPERTY = 'engUnit';

export interface SparkplugMetric {
  readonly name: string | null;
  /** Kept as text: it is only compared, and has 64 bits. */
  readonly alias: string | null;
  /** Epoch ms. */
  readonly timestamp: number | null;
  readonly datatype: number | null;
  readonly isNull: boolean;
  readonly value: SparkplugValue;
  /** Its engineering unit (property `engUnit`), where it is told. */
  readonly unit: string | null;
}

/** As it lay on the wire: what an integer means depends on the datatype, which only a birth needs to tell. */
export type SparkplugValue =
  | { readonly kind: 'none' }
  /** 32 or 64 bits without sign. */
  | { readonly kind: 'integer'; readonly bits: bigint }
  | { readonly kind: 'plain'; readonly value: number | boolean | string }
  /** Bytes, a data set, a template, an extension. */
  | { readonly kind: 'other' };

export interface SparkplugPayload {
  readonly timestamp: number | null;
  readonly seq: number | null;
  readonly metrics: readonly SparkplugMetric[];
  /** A compressed payload within this one, and how it was compressed. */
  readonly compressed: { readonly kind: 'deflate' | 'gzip'; readonly body: Uint8Array } | null;
}

/**
 * Reads a Sparkplug B payload (Sparkplug 3.0 §6.4, `sparkplug_b.proto`). Fields that Wayside has no use for are skipped.
 *
 * @throws Error where the bytes are no such message; its text is not to be shown
 */
export function readSparkplug(bytes: Uint8Array): SparkplugPayload {
  const reader = new BinaryReader(bytes);
  const metrics: SparkplugMetric[] = [];
  let timestamp: number | null = null;
  let seq: number | null = null;
  let uuid = '';
  let body: Uint8Array | null = null;
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === 1 && wireType === WireType.Varint) timestamp = Number(reader.uint64());
    else if (field === 2 && wireType === WireType.LengthDelimited) {
      if (metrics.length === MAX_METRICS) throw new RangeError('too many metrics');
      metrics.push(readMetric(reader.bytes()));
    } else if (field === 3 && wireType === WireType.Varint) seq = Number(reader.uint64());
    else if (field === 4 && wireType === WireType.LengthDelimited) uuid = reader.string();
    else if (field === 5 && wireType === WireType.LengthDelimited) body = reader.bytes();
    else reader.skip(wireType, field);
  }
  const algorithm = metrics.find(({ name }) => name === 'algorithm')?.value;
  const isGzipped = algorithm?.kind === 'plain' && String(algorithm.value).toUpperCase() === 'GZIP';
  return {
    timestamp,
    seq,
    metrics,
    compressed: uuid === COMPRESSED && body !== null ? { kind: isGzipped ? 'gzip' : 'deflate', body } : null,
  };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function readMetric(bytes: Uint8Array): SparkplugMetric {
  const reader = new BinaryReader(bytes);
  const metric: Mutable<SparkplugMetric> = {
    name: null,
    alias: null,
    timestamp: null,
    datatype: null,
    isNull: false,
    value: { kind: 'none' },
    unit: null,
  };
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (!readMetricField(reader, field, wireType, metric)) reader.skip(wireType, field);
  }
  return metric;
}

/** @returns whether the field was one to be read; a known number with another wire type is no such field */
function readMetricField(
  reader: BinaryReader,
  field: number,
  wireType: WireType,
  metric: Mutable<SparkplugMetric>,
): boolean {
  switch (`${field}:${wireType}`) {
    case '1:2':
      metric.name = reader.string();
      return true;
    case '2:0':
      metric.alias = String(reader.uint64());
      return true;
    case '3:0':
      metric.timestamp = Number(reader.uint64());
      return true;
    case '4:0':
      metric.datatype = reader.uint32();
      return true;
    case '7:0':
      metric.isNull = reader.bool();
      return true;
    case '9:2':
      metric.unit = readUnit(reader.bytes());
      return true;
    case '10:0':
    case '11:0':
      metric.value = { kind: 'integer', bits: BigInt(reader.uint64()) };
      return true;
    case '12:5':
      metric.value = { kind: 'plain', value: shortest(reader.float()) };
      return true;
    case '13:1':
      metric.value = { kind: 'plain', value: reader.double() };
      return true;
    case '14:0':
      metric.value = { kind: 'plain', value: reader.bool() };
      return true;
    case '15:2':
      metric.value = { kind: 'plain', value: reader.string() };
      return true;
    case '16:2':
    case '17:2':
    case '18:2':
    case '19:2':
      reader.skip(wireType, field);
      metric.value = { kind: 'other' };
      return true;
    default:
      return false;
  }
}

/** A PropertySet has keys (1) and values (2) in the same order; the text of a PropertyValue is field 8. */
function readUnit(bytes: Uint8Array): string | null {
  const reader = new BinaryReader(bytes);
  const keys: string[] = [];
  const values: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === 1 && wireType === WireType.LengthDelimited) keys.push(reader.string());
    else if (field === 2 && wireType === WireType.LengthDelimited) values.push(reader.bytes());
    else reader.skip(wireType, field);
  }
  const value = values[keys.indexOf(UNIT_PROPERTY)];
  if (value === undefined) return null;
  const inner = new BinaryReader(value);
  while (inner.pos < inner.len) {
    const [field, wireType] = inner.tag();
    if (field === 8 && wireType === WireType.LengthDelimited) return inner.string();
    inner.skip(wireType, field);
  }
  return null;
}

/** A 32-bit number as whoever sent it wrote it: 1.23, not 1.2300000190734863. Nine digits tell all 32-bit numbers apart. */
function shortest(float: number): number {
  if (!Number.isFinite(float)) return float;
  for (let digits = 6; digits < 9; digits += 1) {
    const short = Number(float.toPrecision(digits));
    if (Math.fround(short) === float) return short;
  }
  return Number(float.toPrecision(9));
}

/** What an integer's bits mean; 64-bit ones lose what a double can't hold. */
export function integerValue(bits: bigint, datatype: number | null): number | boolean {
  switch (datatype) {
    case DATATYPE.int8:
      return Number(BigInt.asIntN(8, bits));
    case DATATYPE.int16:
      return Number(BigInt.asIntN(16, bits));
    case DATATYPE.int32:
      return Number(BigInt.asIntN(32, bits));
    case DATATYPE.int64:
      return Number(BigInt.asIntN(64, bits));
    case DATATYPE.boolean:
      return bits !== 0n;
    default:
      return Number(bits);
  }
}

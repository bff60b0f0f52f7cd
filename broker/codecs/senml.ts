import type { ReadingProblem } from '../../rules/readings/reading.ts';
import { type Decoded, refused } from './codec.ts';
import { Drafts } from './drafts.ts';
import { type PositionPart, positionPartOf } from './position-parts.ts';
import { senmlMetricName } from './senml-names.ts';

/** One value of a pack with all base fields worked in (RFC 8428 §4.6). */
export interface ResolvedRecord {
  /** Base name and name together. */
  readonly n: string;
  readonly u?: string;
  /** Seconds since 1970; the time of arrival where the pack gave none. */
  readonly t: number;
  readonly v?: number;
  readonly vs?: string;
  readonly vb?: boolean;
  readonly s?: number;
}

/** A resolved record, and what of its making the mapping to readings needs. */
interface Taken extends ResolvedRecord {
  readonly baseName: string;
  /** Epoch ms; undefined where the pack gave no time at all. */
  readonly at: number | undefined;
  readonly isRelative: boolean;
}

/** Times below are relative to now (RFC 8428 §4.5.3). */
const FIRST_ABSOLUTE_SECOND = 2 ** 28;
/** RFC 8428 §4.4. */
const VERSION = 10;
const MAX_RECORDS = 20_000;
/** RFC 8428 §4.5.1. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9\-:./_]*$/;
const LABELS = ['n', 'bn', 'v', 'vs', 'vb', 'vd', 's', 'bt', 'bu', 'bv', 'bs', 'bver', 'u', 't', 'ut'];
const NATIVE_FIELDS = ['at', 'position', 'metrics', 'event'];
const VALUES = ['v', 'vs', 'vb', 'vd', 's'] as const;
const BASES = ['bn', 'bt', 'bu', 'bv', 'bs', 'bver'] as const;
const NUMBERS = ['bt', 'bv', 'bs', 'bver', 't', 'v', 's', 'ut'] as const;
const TEXTS = ['bn', 'bu', 'n', 'u', 'vs'] as const;

type Fields = Readonly<Record<string, unknown>>;

/** Whether a parsed document is a SenML pack and no array of native readings. */
export function isSenml(document: unknown): document is readonly unknown[] {
  if (!Array.isArray(document)) return false;
  const first: unknown = document[0];
  if (!isObject(first)) return false;
  return LABELS.some((label) => first[label] !== undefined) && !NATIVE_FIELDS.some((name) => name in first);
}

/** The values of a pack in their resolved form. Data values (`vd`) are left out: no metric can hold them. */
export function resolveSenml(
  pack: readonly unknown[],
  receivedAt: number,
): { readonly records: readonly ResolvedRecord[]; readonly problems: readonly ReadingProblem[] } {
  const problems: ReadingProblem[] = [];
  const records = take(pack, receivedAt, problems).map(
    ({ baseName: _, at: __, isRelative: ___, ...record }) => record,
  );
  return { records, problems };
}

/**
 * Turns a SenML pack (RFC 8428) into readings: records of one time are one reading, `lat` and `lon` its position. A metric is
 * called by its name within the pack's base name; see senml-names.ts. A sum is the metric `{name}_sum`.
 *
 * @param receivedAt epoch ms; what relative times count from
 */
export function decodeSenml(pack: readonly unknown[], receivedAt: number): Decoded {
  if (pack.length > MAX_RECORDS) {
    return refused('bad_shape', `the pack has ${pack.length} records; at most ${MAX_RECORDS} are allowed`);
  }
  const problems: ReadingProblem[] = [];
  const records = take(pack, receivedAt, problems);
  const hasSeveralSources = new Set(records.map(({ baseName }) => baseName)).size > 1;
  const positionedAt = new Set(records.filter(({ u }) => u === 'lat' || u === 'lon').map(({ at }) => at));
  const drafts = new Drafts();
  for (const record of records) {
    const { at, n, u, v, s, baseName } = record;
    const name = hasSeveralSources ? n : senmlMetricName(baseName, n, u);
    const value = v ?? record.vs ?? record.vb;
    const position = v !== undefined && positionedAt.has(at) ? partOf(name, v, u) : null;
    if (position !== null) drafts.addPosition(at, position.field, position.value);
    else if (value !== undefined) drafts.addMetric(at, name, value, u);
    // A sum is over time (RFC 8428 §4.3, "s"): its unit is not that of the value.
    if (s !== undefined) drafts.addMetric(at, `${name}_sum`, s);
  }
  const decoded = drafts.decoded(problems);
  return records.some(({ isRelative }) => isRelative) ? { ...decoded, countsFromArrival: true } : decoded;
}

/** `lat` and `lon` are units of SenML (degrees, WGS 84; RFC 8428 §12.1); the rest goes by name. */
function partOf(name: string, value: number, unit: string | undefined): PositionPart | null {
  return unit === 'lat' || unit === 'lon' ? { field: unit, value } : positionPartOf(name, value, unit);
}

function take(pack: readonly unknown[], receivedAt: number, problems: ReadingProblem[]): Taken[] {
  const taken: Taken[] = [];
  const base = { bn: '', bt: 0, bu: undefined as string | undefined, bv: 0, bs: 0 };
  for (const [index, record] of pack.entries()) {
    const fault = faultOf(record);
    if (fault !== null) {
      problems.push({ code: 'bad_shape', message: `/${index}: ${fault}` });
      // What follows builds on a version or a field that is not understood, or on a base that is unknown now.
      if (isObject(record) && BASES.some((name) => record[name] !== undefined)) return taken;
      continue;
    }
    const fields = record as Fields;
    if (typeof fields.bn === 'string') base.bn = fields.bn;
    if (typeof fields.bt === 'number') base.bt = fields.bt;
    if (typeof fields.bu === 'string') base.bu = fields.bu;
    if (typeof fields.bv === 'number') base.bv = fields.bv;
    if (typeof fields.bs === 'number') base.bs = fields.bs;
    if (VALUES.every((name) => fields[name] === undefined)) continue;
    const n = base.bn + (typeof fields.n === 'string' ? fields.n : '');
    if (!NAME.test(n)) {
      problems.push({
        code: 'bad_metric',
        message: `/${index}/n: base name and name together begin with a letter or digit, and have only A-Z a-z 0-9 - : . / _`,
      });
      continue;
    }
    const seconds = base.bt + (typeof fields.t === 'number' ? fields.t : 0);
    const time = timeOf(seconds, receivedAt);
    if (!Number.isFinite(time.t)) {
      problems.push({ code: 'bad_time', message: `/${index}/t: base time and time give no finite number` });
      continue;
    }
    const u = typeof fields.u === 'string' ? fields.u : base.bu;
    taken.push({
      n,
      // A unit of the base says nothing about texts and truth values.
      ...(u !== undefined && (fields.v !== undefined || fields.s !== undefined || fields.u !== undefined)
        ? { u }
        : {}),
      ...time,
      ...(typeof fields.v === 'number' ? { v: fields.v + base.bv } : {}),
      ...(typeof fields.vs === 'string' ? { vs: fields.vs } : {}),
      ...(typeof fields.vb === 'boolean' ? { vb: fields.vb } : {}),
      ...(typeof fields.s === 'number' ? { s: fields.s + base.bs } : {}),
      baseName: base.bn,
    });
  }
  return taken.filter(
    ({ v, vs, vb, s }) => v !== undefined || vs !== undefined || vb !== undefined || s !== undefined,
  );
}

function timeOf(seconds: number, receivedAt: number): Pick<Taken, 't' | 'at' | 'isRelative'> {
  if (seconds === 0) return { t: receivedAt / 1000, at: undefined, isRelative: false };
  const isRelative = seconds < FIRST_ABSOLUTE_SECOND;
  const t = isRelative ? receivedAt / 1000 + seconds : seconds;
  return { t, at: Math.round(t * 1000), isRelative };
}

function faultOf(record: unknown): string | null {
  if (!isObject(record)) return 'a SenML record is expected to be an object';
  for (const name of NUMBERS) {
    if (record[name] !== undefined && typeof record[name] !== 'number') return `${name} must be a number`;
  }
  for (const name of TEXTS) {
    if (record[name] !== undefined && typeof record[name] !== 'string') return `${name} must be a text`;
  }
  if (record.vb !== undefined && typeof record.vb !== 'boolean') return 'vb must be true or false';
  if (typeof record.bver === 'number' && record.bver > VERSION)
    return `bver above ${VERSION} is not understood`;
  // RFC 8428 §4.4: a label that ends with an underscore must be understood, or the pack refused.
  if (Object.keys(record).some((name) => name.endsWith('_')))
    return 'a label that ends with _ is not understood';
  const values = VALUES.filter((name) => name !== 's' && record[name] !== undefined);
  if (values.length > 1) return `a record has one value at most; found ${values.join(' and ')}`;
  if (values.length === 0 && record.s === undefined && BASES.every((name) => record[name] === undefined))
    return 'a record needs a value (v, vs, vb, vd), a sum (s) or a base field';
  return null;
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

import { DAY_MS, FAULTS, type QualityKind } from '../records/quality-kinds.ts';

/** Names of a kind that are told apart for a device in a day; a device that invents names must not fill the records. */
export const MOST_NAMES = 50;
/** Under which the rest is counted. */
export const OTHER_NAMES = '';

export interface QualityCount {
  readonly kind: QualityKind;
  readonly name: string;
  count: number;
  lastAt: number;
}

/** What one stretch of the journal said of one device within one day. */
export class DeviceQuality {
  readonly device: string;
  /** Days since 1970, UTC, of arrival. */
  readonly day: number;
  readonly firstAt: number;
  lastAt: number;
  readings = 0;
  stored = 0;
  issues = 0;
  readonly #counts = new Map<string, QualityCount>();
  readonly #names = new Map<QualityKind, number>();

  constructor(device: string, day: number, at: number) {
    this.device = device;
    this.day = day;
    this.firstAt = at;
    this.lastAt = at;
  }

  get counts(): Iterable<QualityCount> {
    return this.#counts.values();
  }

  /** @param at arrival, epoch ms */
  note(kind: QualityKind, name: string, at: number, times = 1): void {
    if (FAULTS.has(kind)) this.issues += times;
    const counted = this.#counts.get(`${kind} ${name}`) ?? this.#begin(kind, name);
    counted.count += times;
    counted.lastAt = at;
  }

  #begin(kind: QualityKind, name: string): QualityCount {
    const names = this.#names.get(kind) ?? 0;
    const kept = names < MOST_NAMES ? name : OTHER_NAMES;
    const key = `${kind} ${kept}`;
    const known = this.#counts.get(key);
    if (known !== undefined) return known;
    this.#names.set(kind, names + 1);
    const begun = { kind, name: kept, count: 0, lastAt: 0 };
    this.#counts.set(key, begun);
    return begun;
  }
}

/** Counts of one stretch of the journal; written with its cursor, so that each reading is counted once. */
export class QualityTally {
  readonly #latest = new Map<string, DeviceQuality>();
  readonly all: DeviceQuality[] = [];

  /** Asked once a message. @param at its arrival, epoch ms */
  of(device: string, at: number): DeviceQuality {
    const known = this.#latest.get(device);
    if (known !== undefined) {
      if (at <= known.lastAt) return known;
      if (at < (known.day + 1) * DAY_MS) {
        known.lastAt = at;
        return known;
      }
    }
    const begun = new DeviceQuality(device, Math.floor(at / DAY_MS), at);
    this.#latest.set(device, begun);
    this.all.push(begun);
    return begun;
  }
}

/** Digits by which skews are told apart: enough to see "one hour", few enough that jitter does not spread them. */
const SKEW_DIGITS = 2;

/** The name under which a clock that is ahead by so much is counted: seconds, rounded. */
export function skewName(skewMs: number): string {
  return String(Number((skewMs / 1000).toPrecision(SKEW_DIGITS)));
}

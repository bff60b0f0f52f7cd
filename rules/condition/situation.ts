import type { DeviceMemory } from '../memory.ts';
import type { Place } from '../places/place.ts';
import type { MetricValue } from '../readings/reading.ts';
import type { ConsumerFacts } from '../step.ts';
import { type Timestamp, timestamp } from '../time/timestamp.ts';
import type { View } from './view.ts';

/**
 * What a condition and a template see. A name that is absent is a missing value. Times are CEL timestamps; templates get
 * them as ISO 8601.
 */
export interface Situation {
  readonly device: { readonly id: string; readonly type: string };
  readonly metrics: Readonly<Record<string, MetricValue>>;
  /** Empty where it was never told. */
  readonly position: Readonly<Record<string, number>>;
  readonly place?: {
    readonly id: string;
    readonly name: string;
    readonly tags: readonly string[];
    readonly timezone?: string;
  };
  readonly visit?: { readonly id: string; readonly enteredAt: Timestamp };
  readonly consumer: {
    readonly id: string;
    readonly timezone?: string;
    readonly attributes: Readonly<Record<string, unknown>>;
  };
  /** Ids of the segments that the consumer is in; only where the rule reads them. */
  readonly segments?: readonly string[];
  readonly now: Timestamp;
}

export function situationOf(parts: {
  readonly deviceId: string;
  readonly device: DeviceMemory | null;
  readonly consumer: ConsumerFacts;
  readonly place: Place | null;
  readonly visit: { readonly id: string; readonly enteredAt: number } | null;
  readonly segments: readonly string[] | null;
  readonly at: number;
  /** What the consumer's consents show; the rest is a missing value. */
  readonly view: View;
}): Situation {
  const { device, consumer, place, visit, segments, view } = parts;
  const metrics: Record<string, MetricValue> = {};
  for (const [name, latest] of Object.entries(device?.metrics ?? {}))
    if (name !== MISREAD && view.metric(name)) metrics[name] = latest.value;
  return {
    device: { id: parts.deviceId, type: device?.type ?? '' },
    metrics,
    consumer: consumerOf(consumer),
    now: timestamp(parts.at),
    ...(segments === null ? {} : { segments }),
    position: device?.track && view.position ? positionOf(device.track) : {},
    ...(place === null ? {} : { place: placeOf(place) }),
    ...(visit === null ? {} : { visit: { id: visit.id, enteredAt: timestamp(visit.enteredAt) } }),
  };
}

/** CEL tells an object from a list by its `constructor`: one with a value of that name would be neither, and no other value known. */
const MISREAD = 'constructor';

/** A person as conditions see them. */
export function consumerOf({ id, attributes: given, timezone }: ConsumerFacts): Situation['consumer'] {
  const { [MISREAD]: _, ...readable } = given;
  const attributes = Object.hasOwn(given, MISREAD) ? readable : given;
  return timezone === null ? { id, attributes } : { id, attributes, timezone };
}

function placeOf({ id, name, tags, timezone }: Place): NonNullable<Situation['place']> {
  return timezone === null ? { id, name, tags } : { id, name, tags, timezone };
}

function positionOf(fix: NonNullable<DeviceMemory['track']>): Readonly<Record<string, number>> {
  const { lat, lon, accuracy, speed, heading, altitude } = fix;
  return {
    lat,
    lon,
    accuracy,
    ...(speed === undefined ? {} : { speed }),
    ...(heading === undefined ? {} : { heading }),
    ...(altitude === undefined ? {} : { altitude }),
  };
}

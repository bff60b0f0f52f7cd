import { type View, viewOf } from '../../rules/condition/view.ts';
import { contains, metresOutside, type Shape } from '../../rules/geometry/shape.ts';
import type { DeviceType } from '../../rules/readings/device-type.ts';
import type { MetricValue, Position } from '../../rules/readings/reading.ts';
import { PURPOSES, type Purpose } from '../../rules/step.ts';
import { passesGate } from '../../rules/visits/border.ts';
import { inSlices } from '../slices.ts';
import type { ReadingPoint } from '../telemetry/telemetry-store.ts';

/** What devices said in a time, as far as it tells why a trigger did not fire. */
export interface Evidence {
  readonly readings: number;
  readonly positions: number;
  /** Positions that came too late to trigger anything. */
  readonly late: number;
  /** Positions too coarse to open or close a visit of the place. */
  readonly coarse: number;
  /** Positions inside the place. */
  readonly inside: number;
  /** Least distance to the place, rounded; null where no position is known, or no place is asked for. */
  readonly nearestMetres: number | null;
  readonly metrics: Readonly<Record<string, MetricRange>>;
  readonly events: readonly string[];
  /** There were more readings than are looked at. */
  readonly truncated: boolean;
}

export interface MetricRange {
  readonly last: MetricValue;
  /** Of numbers. */
  readonly least?: number;
  readonly most?: number;
}

const MOST_NAMES = 100;
/** Positions that are held against the place, spread evenly: a coast line has 100,000 corners. */
const MOST_POSITIONS = 500;
/** In one go, some 5 ms beside such a place: this is the socket thread. */
const POSITIONS_A_SLICE = 15;
/** A position without accuracy counts as this good, as when it was judged. */
const DEFAULT_ACCURACY_METRES = 10;

/** @param shape of the place, or null where none is asked for */
export async function gatherEvidence(
  points: readonly ReadingPoint[],
  shape: Shape | null,
  truncated: boolean,
): Promise<Evidence> {
  const metrics = new Map<string, MetricRange>();
  const events = new Set<string>();
  for (const { metrics: values = {}, event } of points) {
    if (event !== undefined && events.size < MOST_NAMES) events.add(event);
    for (const [name, value] of Object.entries(values)) {
      if (metrics.size < MOST_NAMES || metrics.has(name))
        metrics.set(name, widened(metrics.get(name), value));
    }
  }
  const fixes = points.filter((point) => point.position !== undefined);
  return {
    readings: points.length,
    positions: fixes.length,
    late: fixes.filter(({ flags }) => flags.includes('late')).length,
    ...(await besidePlace(
      fixes.flatMap(({ position }) => (position === undefined ? [] : [position])),
      shape,
    )),
    metrics: Object.fromEntries(metrics),
    events: [...events],
    truncated,
  };
}

function widened(range: MetricRange | undefined, value: MetricValue): MetricRange {
  if (typeof value !== 'number') return { last: value };
  return {
    last: value,
    least: Math.min(range?.least ?? value, value),
    most: Math.max(range?.most ?? value, value),
  };
}

async function besidePlace(
  positions: readonly Position[],
  shape: Shape | null,
): Promise<Pick<Evidence, 'coarse' | 'inside' | 'nearestMetres'>> {
  if (shape === null) return { coarse: 0, inside: 0, nearestMetres: null };
  const accuracyOf = ({ accuracy }: Position) =>
    accuracy === undefined || accuracy < 0 ? DEFAULT_ACCURACY_METRES : accuracy;
  const step = Math.max(1, Math.ceil(positions.length / MOST_POSITIONS));
  const looked = positions.filter((_, index) => index % step === 0);
  let inside = 0;
  let nearest = Number.POSITIVE_INFINITY;
  await inSlices(looked, POSITIONS_A_SLICE, (slice) => {
    for (const { lat, lon } of slice) {
      if (contains(shape, lat, lon)) inside += 1;
      nearest = Math.min(nearest, metresOutside(shape, lat, lon));
    }
  });
  return {
    coarse: positions.filter(
      (position) => !passesGate({ ...position, accuracy: accuracyOf(position) }, shape),
    ).length,
    inside: inside * step,
    nearestMetres: Number.isFinite(nearest) ? Math.round(nearest) : null,
  };
}

/** What of a person's metrics an explanation may show: marketers read it, who have no business with a heart rate unless its use was agreed to. */
export function viewOfStaff(
  consents: readonly { readonly purpose: Purpose; readonly granted: boolean }[],
  deviceTypes: readonly DeviceType[],
): View {
  const seesHealth = consents.some(({ purpose, granted }) => purpose === 'health_offers' && granted);
  return viewOf(
    PURPOSES.filter((purpose) => purpose !== 'health_offers' || seesHealth),
    deviceTypes,
  );
}

/** A reading without the metrics that are not to be seen. */
export function seenThrough(view: View, point: ReadingPoint): ReadingPoint {
  if (point.metrics === undefined) return point;
  const seen = Object.entries(point.metrics).filter(([name]) => view.metric(name));
  return { ...point, metrics: Object.fromEntries(seen) };
}

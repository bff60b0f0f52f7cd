import type { DecisionPoint, JourneyCollection, JourneyLine, SampledDecision } from './report.ts';

/** Devices whose journeys may be told; of more, every nth. */
const MOST_TRACKED = 20_000;
const MOST_JOURNEYS = 40;
/** Of those, how many may begin with a decision that sent nothing: offers are what a map is looked at for. */
const MOST_UNSENT = 15;
/** Points of a device that are kept in case something is decided about it. */
const TRAIL_POINTS = 24;
const POINTS_APART_MS = 15_000;
/** A journey goes on this long behind a decision. */
const GOES_ON_MS = 10 * 60_000;
const MOST_POINTS = 240;
const MOST_DECISIONS = 20;

interface Journey {
  readonly device: string;
  readonly consumer: string;
  readonly coordinates: (readonly [number, number])[];
  readonly times: number[];
  readonly decisions: DecisionPoint[];
  until: number;
}

/** Where a few devices were when the rule decided about them: bounded, and thinned to a point every 15 s. */
export class Journeys {
  readonly #everyNth: number;
  readonly #trailLat: Float64Array;
  readonly #trailLon: Float64Array;
  readonly #trailAt: Float64Array;
  readonly #length: Int32Array;
  readonly #lastLat: Float64Array;
  readonly #lastLon: Float64Array;
  readonly #journeys = new Map<number, Journey>();
  #unsent = 0;
  #left = 0;

  constructor(devices: number) {
    this.#everyNth = Math.max(1, Math.ceil(devices / MOST_TRACKED));
    const tracked = Math.ceil(devices / this.#everyNth);
    this.#trailLat = new Float64Array(tracked * TRAIL_POINTS);
    this.#trailLon = new Float64Array(tracked * TRAIL_POINTS);
    this.#trailAt = new Float64Array(tracked * TRAIL_POINTS);
    this.#length = new Int32Array(tracked);
    this.#lastLat = new Float64Array(tracked).fill(Number.NaN);
    this.#lastLon = new Float64Array(tracked).fill(Number.NaN);
  }

  /** @param device index */
  moved(device: number, at: number, lat: number, lon: number): void {
    if (device % this.#everyNth !== 0) return;
    const slot = device / this.#everyNth;
    this.#lastLat[slot] = lat;
    this.#lastLon[slot] = lon;
    const length = this.#length[slot] ?? 0;
    const before = slot * TRAIL_POINTS + ((length + TRAIL_POINTS - 1) % TRAIL_POINTS);
    if (length > 0 && at - (this.#trailAt[before] ?? 0) < POINTS_APART_MS) return;
    const here = slot * TRAIL_POINTS + (length % TRAIL_POINTS);
    this.#trailLat[here] = lat;
    this.#trailLon[here] = lon;
    this.#trailAt[here] = at;
    this.#length[slot] = length + 1;
    const journey = this.#journeys.size === 0 ? undefined : this.#journeys.get(device);
    if (journey !== undefined && at <= journey.until) addPoint(journey, at, lat, lon);
  }

  decided(device: number, decision: SampledDecision): void {
    if (device % this.#everyNth !== 0) {
      this.#left += 1;
      return;
    }
    const slot = device / this.#everyNth;
    const lat = this.#lastLat[slot] ?? Number.NaN;
    // Heard without a position: there is nothing to show.
    if (Number.isNaN(lat)) return;
    const journey = this.#journeys.get(device) ?? this.#begin(device, decision);
    if (journey === null || journey.decisions.length >= MOST_DECISIONS) {
      this.#left += 1;
      return;
    }
    this.#addTrail(journey, slot);
    addPoint(journey, decision.at, lat, this.#lastLon[slot] ?? 0);
    journey.until = decision.at + GOES_ON_MS;
    const coordinates = [this.#lastLon[slot] ?? 0, lat];
    journey.decisions.push({
      type: 'Feature',
      geometry: { type: 'Point', coordinates },
      properties: { kind: 'decision', ...decision },
    });
  }

  #begin(device: number, { device: name, consumer, outcome }: SampledDecision): Journey | null {
    const isUnsent = outcome === 'suppressed';
    if (this.#journeys.size >= MOST_JOURNEYS || (isUnsent && this.#unsent >= MOST_UNSENT)) return null;
    if (isUnsent) this.#unsent += 1;
    const journey = { device: name, consumer, coordinates: [], times: [], decisions: [], until: -Infinity };
    this.#journeys.set(device, journey);
    return journey;
  }

  #addTrail(journey: Journey, slot: number): void {
    const length = this.#length[slot] ?? 0;
    for (let point = Math.max(0, length - TRAIL_POINTS); point < length; point += 1) {
      const here = slot * TRAIL_POINTS + (point % TRAIL_POINTS);
      const at = this.#trailAt[here] ?? 0;
      addPoint(journey, at, this.#trailLat[here] ?? 0, this.#trailLon[here] ?? 0);
    }
  }

  /** Whether more was decided than is shown. */
  get isPart(): boolean {
    return this.#left > 0;
  }

  collection(): JourneyCollection {
    const features = [...this.#journeys.values()].flatMap((journey): (JourneyLine | DecisionPoint)[] => {
      const { device, consumer, coordinates, times, decisions } = journey;
      if (coordinates.length < 2) return decisions;
      return [
        {
          type: 'Feature',
          geometry: { type: 'LineString', coordinates: coordinates.map(([lon, lat]) => [lon, lat]) },
          properties: { kind: 'journey', device, consumer, times },
        },
        ...decisions,
      ];
    });
    return { type: 'FeatureCollection', features };
  }
}

function addPoint(journey: Journey, at: number, lat: number, lon: number): void {
  if (journey.coordinates.length >= MOST_POINTS || at <= (journey.times.at(-1) ?? -Infinity)) return;
  journey.coordinates.push([lon, lat]);
  journey.times.push(at);
}

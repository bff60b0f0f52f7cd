import type { Feature, FeatureCollection, LineString, Point } from 'geojson';
import type { TrackPoint } from '../../../../gateway/http/track.ts';
import type { BaseMap } from '../../../look/map/base-style.ts';
import { createGround, type Scheme } from '../../../look/map/ground.ts';
import { boundsOf } from '../../../look/map/place-shapes.ts';

const PADDING_PX = 36;
/** Between two positions that lie further apart in time nobody knows the way: no line is drawn. */
const AWAY_MS = 30 * 60_000;
/** A finger is not as sharp as a pointer. */
const FINGER_PX = 14;
const NO_PLACES: FeatureCollection = { type: 'FeatureCollection', features: [] };

export interface TrackViewOptions {
  readonly container: HTMLElement;
  readonly scheme: Scheme;
  readonly styleUrl: string | null;
  /** Texts of the map's own controls, by MapLibre's names for them. */
  readonly locale: Readonly<Record<string, string>>;
  /** Somebody pressed on the way: the time of that position, or null beside it. */
  readonly onPick: (at: number | null) => void;
  readonly onTrouble: () => void;
}

export interface TrackView {
  setScheme(scheme: Scheme): void;
  setBaseMap(base: BaseMap): void;
  setOverlay(overlay: FeatureCollection): void;
  setTrack(points: readonly TrackPoint[]): void;
  destroy(): void;
}

/** A map of where a device was. Needs WebGL 2. */
export function createTrackView(options: TrackViewOptions): TrackView {
  let points: readonly TrackPoint[] = [];
  const ground = createGround({
    container: options.container,
    scheme: options.scheme,
    styleUrl: options.styleUrl,
    placesData: () => NO_PLACES,
    onReady: draw,
    onTrouble: options.onTrouble,
    // On a phone the map is as wide as the page: one finger scrolls the page, two move the map.
    more: { cooperativeGestures: true, locale: options.locale },
  });
  const { map } = ground;

  function draw(): void {
    const palette = ground.palette();
    map.addSource('track', { type: 'geojson', data: trackFeatures(points) });
    map.addLayer({
      id: 'track-line',
      type: 'line',
      source: 'track',
      filter: ['==', ['get', 'kind'], 'way'],
      layout: { 'line-join': 'round', 'line-cap': 'round' },
      paint: { 'line-color': palette.placeLine, 'line-width': 3.5, 'line-opacity': 0.75 },
    });
    map.addLayer({
      id: 'track-dots',
      type: 'circle',
      source: 'track',
      filter: ['==', ['get', 'kind'], 'fix'],
      paint: {
        'circle-radius': ['match', ['get', 'end'], 'last', 8, 'first', 6, 2.6],
        'circle-color': [
          'match',
          ['get', 'end'],
          'last',
          palette.offer,
          'first',
          palette.surface,
          palette.placeLine,
        ],
        'circle-stroke-color': ['match', ['get', 'end'], 'first', palette.placeLine, palette.halo],
        'circle-stroke-width': ['match', ['get', 'end'], 'last', 2.5, 'first', 2.5, 0.6],
      },
    });
  }

  map.on('click', ({ point }) => {
    if (map.getLayer('track-dots') === undefined) return;
    const around: [[number, number], [number, number]] = [
      [point.x - FINGER_PX, point.y - FINGER_PX],
      [point.x + FINGER_PX, point.y + FINGER_PX],
    ];
    const found = map.queryRenderedFeatures(around, { layers: ['track-dots'] });
    const distance = ({ geometry }: (typeof found)[number]) => {
      const [lon = 0, lat = 0] = (geometry as Point).coordinates;
      const { x, y } = map.project([lon, lat]);
      return Math.hypot(x - point.x, y - point.y);
    };
    const nearest = found.toSorted((a, b) => distance(a) - distance(b))[0];
    options.onPick(nearest === undefined ? null : Number(nearest.properties.at));
  });

  return {
    setScheme: (scheme) => ground.setScheme(scheme),
    setBaseMap: (base) => ground.setBaseMap(base),
    setOverlay: (overlay) => ground.setOverlay(overlay),
    setTrack(next) {
      points = next;
      const data = trackFeatures(points);
      ground.setData('track', data);
      const bounds = boundsOf(data.features.map(({ geometry }) => geometry));
      if (bounds !== null) map.fitBounds([...bounds], { padding: PADDING_PX, maxZoom: 15, duration: 0 });
    },
    destroy: () => map.remove(),
  };
}

/** The way in stretches, and each position with its time. */
function trackFeatures(points: readonly TrackPoint[]): FeatureCollection {
  const stretches: [number, number][][] = [];
  points.forEach(({ at, lat, lon }, index) => {
    const before = points[index - 1];
    const stretch = stretches.at(-1);
    if (before === undefined || stretch === undefined || at - before.at > AWAY_MS)
      stretches.push([[lon, lat]]);
    else stretch.push([nearer(lon, before.lon), lat]);
  });
  const ways = stretches
    .filter(({ length }) => length > 1)
    .map(
      (coordinates): Feature<LineString> => ({
        type: 'Feature',
        properties: { kind: 'way' },
        geometry: { type: 'LineString', coordinates },
      }),
    );
  const fixes = points.map(
    ({ at, lat, lon }, index): Feature<Point> => ({
      type: 'Feature',
      properties: { kind: 'fix', at, end: endOf(index, points.length) },
      geometry: { type: 'Point', coordinates: [lon, lat] },
    }),
  );
  return { type: 'FeatureCollection', features: [...ways, ...fixes] };
}

function endOf(index: number, length: number): 'first' | 'last' | 'none' {
  if (index === length - 1) return 'last';
  return index === 0 ? 'first' : 'none';
}

/** The longitude that lies on the same side of the date line as the one before, so that no line goes round the world. */
function nearer(lon: number, before: number): number {
  return lon + 360 * Math.round((before - lon) / 360);
}

import type { FeatureCollection } from 'geojson';
import type { ExpressionSpecification } from 'maplibre-gl';
import type { JourneyCollection, SampledDecision } from '../../../../gateway/backtest/report.ts';
import type { BaseMap } from '../../../look/map/base-style.ts';
import { createGround, placeFeatures, type Scheme } from '../../../look/map/ground.ts';
import { boundsOf, type PlaceShape } from '../../../look/map/place-shapes.ts';

const PADDING_PX = 40;

export interface JourneyViewOptions {
  readonly container: HTMLElement;
  readonly scheme: Scheme;
  readonly styleUrl: string | null;
  readonly journeys: JourneyCollection;
  readonly onPick: (decision: SampledDecision | null) => void;
}

export interface JourneyView {
  setScheme(scheme: Scheme): void;
  setBaseMap(base: BaseMap): void;
  setOverlay(overlay: FeatureCollection): void;
  /** @param shown ids of places that the map has to show whole */
  setPlaces(places: readonly PlaceShape[], shown: ReadonlySet<string>): void;
  destroy(): void;
}

/** A map of journeys that are over, with a dot for each decision. Needs WebGL 2. */
export function createJourneyView(options: JourneyViewOptions): JourneyView {
  const { container, styleUrl, onPick } = options;
  const journeys = options.journeys as unknown as FeatureCollection;
  let places: readonly PlaceShape[] = [];
  const ground = createGround({
    container,
    scheme: options.scheme,
    styleUrl,
    placesData: () => placeFeatures(places),
    onReady: drawJourneys,
    // The ground is decoration here: journeys and dots show without it.
    onTrouble: () => undefined,
  });
  const { map } = ground;
  let touched = false;
  for (const kind of ['dragstart', 'wheel', 'dblclick'] as const) {
    map.on(kind, () => {
      touched = true;
    });
  }
  showAll([]);

  /** Shows all journeys and these places, until the reader moves the map. */
  function showAll(around: readonly PlaceShape[]): void {
    const geometries = [...journeys.features, ...around].map(({ geometry }) => geometry);
    const bounds = boundsOf(geometries);
    if (bounds === null || touched) return;
    map.fitBounds([...bounds], { padding: PADDING_PX, maxZoom: 16, duration: 0 });
  }

  function drawJourneys(): void {
    const palette = ground.palette();
    const isKind = (kind: string): ExpressionSpecification => ['==', ['get', 'kind'], kind];
    const sent: ExpressionSpecification = ['==', ['get', 'outcome'], 'sent'];
    map.addSource('journeys', { type: 'geojson', data: journeys });
    map.addLayer({
      id: 'journeys',
      type: 'line',
      source: 'journeys',
      filter: isKind('journey'),
      layout: { 'line-join': 'round', 'line-cap': 'round' },
      paint: { 'line-color': palette.ink, 'line-opacity': 0.45, 'line-width': 2 },
    });
    map.addLayer({
      id: 'decisions',
      type: 'circle',
      source: 'journeys',
      filter: isKind('decision'),
      layout: { 'circle-sort-key': ['case', sent, 1, 0] },
      paint: {
        'circle-radius': ['case', sent, 7, 5],
        'circle-color': ['case', sent, palette.offer, palette.surface],
        'circle-stroke-color': ['case', sent, palette.halo, palette.ink],
        'circle-stroke-width': 1.5,
      },
    });
  }

  map.on('click', (event) => {
    if (map.getLayer('decisions') === undefined) return;
    const [found] = map.queryRenderedFeatures(event.point, { layers: ['decisions'] });
    onPick(found === undefined ? null : (found.properties as SampledDecision));
  });
  map.on('mousemove', (event) => {
    const over =
      map.getLayer('decisions') !== undefined &&
      map.queryRenderedFeatures(event.point, { layers: ['decisions'] }).length > 0;
    map.getCanvas().style.cursor = over ? 'pointer' : '';
  });

  return {
    setScheme: (next) => ground.setScheme(next),
    setBaseMap: (base) => ground.setBaseMap(base),
    setOverlay: (overlay) => ground.setOverlay(overlay),
    setPlaces(next, shown) {
      places = next;
      ground.setData('places', placeFeatures(places));
      showAll(next.filter(({ id }) => shown.has(id)));
    },
    destroy: () => map.remove(),
  };
}

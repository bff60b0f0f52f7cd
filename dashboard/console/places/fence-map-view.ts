import type { FeatureCollection } from 'geojson';
import type { MapMouseEvent } from 'maplibre-gl';
import type { BaseMap } from '../../look/map/base-style.ts';
import {
  canvasOver,
  createGround,
  fitCanvas,
  placeFeatures,
  type Scheme,
  viewOf,
} from '../../look/map/ground.ts';
import type { Bounds, PlaceShape } from '../../look/map/place-shapes.ts';
import { clusterRadius } from '../live-map/clusters-canvas.ts';
import type { Cluster } from '../live-map/gather-clusters.ts';
import { gatherClusters } from '../live-map/gather-clusters.ts';
import type { ZoneShape } from '../zones/zone-canvas.ts';
import { createCornerHandles } from './corner-handles.ts';
import { drawFences } from './fence-canvas.ts';
import { startDrawing } from './fence-drawing.ts';
import type { ShapeProblem } from './fence-problems.ts';
import type { Corner, FenceKind, FenceShape } from './fence-shape.ts';

const FIT_PADDING_PX = 60;
const CLOSEST_ZOOM = 17;

/** What the map shows beside the ground. Data, as the page has it now. */
export interface FenceMapState {
  readonly places: readonly PlaceShape[];
  readonly clusters: readonly Cluster[];
  readonly zones: readonly ZoneShape[];
  readonly markedZone: string | null;
  /** The place that is being edited: the draft stands for it. */
  readonly edited: string | null;
  readonly draft: FenceShape | null;
  /** What the pointer draws now, or null: then the draft's corners can be moved. */
  readonly drawing: FenceKind | null;
  readonly problems: readonly ShapeProblem[];
}

export interface FenceMapOptions {
  readonly container: HTMLElement;
  readonly scheme: Scheme;
  readonly styleUrl: string | null;
  readonly smooth: boolean;
  readonly onTrouble: (message: string) => void;
  /** The map came to rest here. */
  readonly onView: (bounds: Bounds) => void;
  readonly onPlace: (id: string) => void;
  /** The name of what the pointer is at, in pixels of the map's box. */
  readonly onPoint: (
    pointed: { readonly name: string; readonly x: number; readonly y: number } | null,
  ) => void;
  readonly onShape: (shape: FenceShape | null, kept: boolean) => void;
  readonly onDrawn: () => void;
}

export interface FenceMapView {
  setScheme(scheme: Scheme): void;
  setBaseMap(base: BaseMap): void;
  setOverlay(overlay: FeatureCollection): void;
  show(state: FenceMapState): void;
  fit(bounds: Bounds): void;
  middle(): Corner;
  /** To the keyboard: what is drawn is drawn from here. */
  focus(): void;
  destroy(): void;
}

const NOTHING: FenceMapState = {
  places: [],
  clusters: [],
  zones: [],
  markedZone: null,
  edited: null,
  draft: null,
  drawing: null,
  problems: [],
};

/** The map on which fences are drawn: places as layers, and a canvas over them for what changes under the hand. Needs WebGL 2. */
export function createFenceMap(options: FenceMapOptions): FenceMapView {
  const { container } = options;
  let state = NOTHING;
  let pointer: Corner | null = null;
  let stopDrawing: (() => void) | null = null;

  const ground = createGround({
    container,
    scheme: options.scheme,
    styleUrl: options.styleUrl,
    placesData: shownPlaces,
    onReady: () => redraw(),
    onTrouble: options.onTrouble,
  });
  const { map } = ground;
  const context = canvasOver(map, 'map-devices');
  const handles = createCornerHandles(map, container, options.onShape);

  function shownPlaces(): FeatureCollection {
    return placeFeatures(state.places.filter(({ id }) => id !== state.edited));
  }

  const shownClusters = (): readonly Cluster[] => gatherClusters(state.clusters, map.getZoom());

  function draw(): void {
    const { width, height } = fitCanvas(context, container);
    drawFences(context, {
      ...state,
      clusters: shownClusters(),
      places: state.places.filter(({ id }) => id !== state.edited),
      width,
      height,
      pointer,
      zoom: map.getZoom(),
      palette: ground.palette(),
      bounds: viewOf(map),
      project: (lon, lat) => map.project([lon, lat]),
    });
    handles.place();
  }

  let asked = false;
  /** Many changes in one frame are drawn once. */
  function redraw(): void {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      draw();
    });
  }

  // While the map itself moves, the canvas has to move with it in the very same frame.
  map.on('render', draw);
  for (const kind of ['load', 'moveend'] as const) map.on(kind, () => options.onView(viewOf(map)));

  const placeAt = ({ point }: MapMouseEvent): PlaceShape | undefined => {
    const layers = ['place-fill', 'place-corridor'].filter((layer) => map.getLayer(layer) !== undefined);
    const found = map.queryRenderedFeatures(point, { layers })[0];
    return found === undefined ? undefined : state.places.find(({ id }) => id === found.properties.id);
  };
  const clusterAt = ({ point }: MapMouseEvent): Cluster | undefined =>
    shownClusters().find(({ lon, lat, places }) => {
      const { x, y } = map.project([lon, lat]);
      return Math.hypot(x - point.x, y - point.y) <= clusterRadius(places);
    });
  map.on('mousemove', (event) => {
    if (state.drawing !== null) return options.onPoint(null);
    const [place, cluster] = [placeAt(event), clusterAt(event)];
    map.getCanvas().style.cursor = place === undefined && cluster === undefined ? '' : 'pointer';
    const { x, y } = event.point;
    options.onPoint(place === undefined ? null : { name: place.name, x, y });
  });
  map.on('mouseout', () => options.onPoint(null));
  map.on('click', (event) => {
    if (state.drawing !== null || state.draft !== null) return;
    const cluster = clusterAt(event);
    const place = placeAt(event);
    if (cluster !== undefined) map.easeTo({ center: [cluster.lon, cluster.lat], zoom: map.getZoom() + 2 });
    else if (place !== undefined) options.onPlace(place.id);
  });

  function followDrawing(kind: FenceKind | null): void {
    stopDrawing?.();
    stopDrawing =
      kind === null
        ? null
        : startDrawing({
            map,
            kind,
            shape: () => state.draft,
            onShape: options.onShape,
            onPointer(at) {
              pointer = at;
              redraw();
            },
            onDone: options.onDrawn,
          });
  }

  return {
    setScheme: ground.setScheme,
    setBaseMap: ground.setBaseMap,
    setOverlay: ground.setOverlay,
    show(next) {
      const before = state;
      state = next;
      if (before.places !== next.places || before.edited !== next.edited)
        ground.setData('places', shownPlaces());
      if (before.drawing !== next.drawing) followDrawing(next.drawing);
      handles.show(next.drawing === null ? next.draft : null);
      redraw();
    },
    fit([west, south, east, north]) {
      map.fitBounds([west, south, east, north], {
        padding: FIT_PADDING_PX,
        maxZoom: CLOSEST_ZOOM,
        duration: options.smooth ? 500 : 0,
      });
    },
    middle() {
      const { lng, lat } = map.getCenter();
      return [lng, lat];
    },
    focus: () => map.getCanvas().focus(),
    destroy() {
      stopDrawing?.();
      map.remove();
    },
  };
}

import type { Feature, FeatureCollection, Geometry } from 'geojson';
import {
  type GeoJSONSource,
  Map as MapLibreMap,
  type MapOptions,
  NavigationControl,
  ScaleControl,
  setWorkerUrl,
} from 'maplibre-gl';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?url';
import 'maplibre-gl/dist/maplibre-gl.css';
import './controls.css';
import { type BaseMap, baseStyle, corridorWidthAtZoom0, overlayLayers } from './base-style.ts';
import { MAP_PALETTES, type MapPalette } from './map-palette.ts';
import { type Bounds, boundsOf, type PlaceShape } from './place-shapes.ts';

setWorkerUrl(workerUrl);

const EMPTY: FeatureCollection = { type: 'FeatureCollection', features: [] };

export type Scheme = 'light' | 'dark';

export interface GroundOptions {
  readonly container: HTMLElement;
  readonly scheme: Scheme;
  /** URL of a MapLibre style, or null for the built-in base map. */
  readonly styleUrl: string | null;
  /** Data of the source `places` now; it is asked for whenever a style was loaded. */
  readonly placesData: () => FeatureCollection;
  /** A style was loaded, and what belongs to the ground lies on it. */
  readonly onReady: () => void;
  /** Something could not be loaded; the map goes on without it. */
  readonly onTrouble: (message: string) => void;
  /** How this map differs from others: the language of its controls, and whether one finger scrolls the page. */
  readonly more?: Pick<MapOptions, 'locale' | 'cooperativeGestures'>;
}

/** What every map stands on: base map, city, and the places. */
export interface Ground {
  readonly map: MapLibreMap;
  isReady(): boolean;
  palette(): MapPalette;
  scheme(): Scheme;
  setScheme(scheme: Scheme): void;
  setBaseMap(base: BaseMap): void;
  setOverlay(overlay: FeatureCollection): void;
  /** Where the city of the overlay lies, or null where there is none. */
  overlayBounds(): Bounds | null;
  /** Gives a source other data; nothing while a style is being loaded, for then the data is asked for. */
  setData(source: string, data: Feature | FeatureCollection | Geometry): void;
}

/** Makes the map in its container. Needs WebGL 2. */
export function createGround(options: GroundOptions): Ground {
  let { scheme, styleUrl } = options;
  let base: BaseMap | null = null;
  let overlay = EMPTY;
  let ready = false;

  const map = new MapLibreMap({
    container: options.container,
    style: styleUrl ?? baseStyle(MAP_PALETTES[scheme]),
    center: [10, 48],
    zoom: 2.5,
    dragRotate: false,
    pitchWithRotate: false,
    attributionControl: { compact: true },
    ...options.more,
  });
  map.touchZoomRotate.disableRotation();
  map.addControl(new NavigationControl({ showCompass: false }), 'top-right');
  map.addControl(new ScaleControl({}), 'bottom-left');

  function setData(source: string, data: Feature | FeatureCollection | Geometry): void {
    if (ready) (map.getSource(source) as GeoJSONSource | undefined)?.setData(data);
  }

  function showBase({ land, borders }: BaseMap): void {
    setData('land', land);
    setData('borders', borders);
  }

  map.on('style.load', () => {
    ready = true;
    map.addSource('overlay', { type: 'geojson', data: overlay });
    // Unsimplified: a circle has to look round from far away too.
    map.addSource('places', {
      type: 'geojson',
      data: options.placesData(),
      promoteId: 'id',
      tolerance: 0,
    });
    for (const layer of overlayLayers(MAP_PALETTES[scheme])) map.addLayer(layer);
    if (base !== null) showBase(base);
    options.onReady();
  });

  map.on('error', ({ error }) => {
    if (!ready && styleUrl !== null) {
      // The style of WAYSIDE_MAP_STYLE is out of reach: the built-in map is better than none.
      options.onTrouble(`The map style could not be loaded (${error.message}); this is the built-in map.`);
      styleUrl = null;
      map.setStyle(baseStyle(MAP_PALETTES[scheme]), { diff: false });
    }
  });

  return {
    map,
    isReady: () => ready,
    palette: () => MAP_PALETTES[scheme],
    scheme: () => scheme,
    setScheme(next) {
      if (next === scheme) return;
      scheme = next;
      ready = false;
      map.setStyle(styleUrl ?? baseStyle(MAP_PALETTES[scheme]), { diff: false });
    },
    setBaseMap(next) {
      base = next;
      showBase(next);
    },
    setOverlay(next) {
      overlay = next;
      setData('overlay', next);
    },
    overlayBounds: () => boundsOf(overlay.features.map(({ geometry }) => geometry)),
    setData,
  };
}

/** The places as the source `places` takes them. */
export function placeFeatures(places: readonly PlaceShape[]): FeatureCollection {
  return {
    type: 'FeatureCollection',
    features: places.map(({ id, geometry, corridorMetres, anchor }) => ({
      type: 'Feature',
      properties: {
        id,
        widthAtZoom0: corridorMetres === null ? 0 : corridorWidthAtZoom0(corridorMetres, anchor[1]),
      },
      geometry,
    })),
  };
}

/** The box that the map shows. */
export function viewOf(map: MapLibreMap): Bounds {
  const bounds = map.getBounds();
  return [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()];
}

/** A canvas over the map, for what changes with every frame; the reader's screen reader passes it over. */
export function canvasOver(map: MapLibreMap, className: string): CanvasRenderingContext2D {
  const canvas = document.createElement('canvas');
  canvas.className = className;
  canvas.setAttribute('aria-hidden', 'true');
  map.getCanvasContainer().append(canvas);
  return canvas.getContext('2d') as CanvasRenderingContext2D;
}

/** Makes the canvas as large as the map's container, in the screen's own pixels; gives its size in CSS pixels. */
export function fitCanvas(
  context: CanvasRenderingContext2D,
  { clientWidth: width, clientHeight: height }: HTMLElement,
): { readonly width: number; readonly height: number } {
  const ratio = window.devicePixelRatio;
  const { canvas } = context;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return { width, height };
}

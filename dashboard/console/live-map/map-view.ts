import type { Feature, FeatureCollection, Geometry, Point } from 'geojson';
import {
  type GeoJSONSource,
  Map as MapLibreMap,
  NavigationControl,
  ScaleControl,
  setWorkerUrl,
} from 'maplibre-gl';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?url';
import 'maplibre-gl/dist/maplibre-gl.css';
import type { LiveFeed } from '../../live/live-feed.ts';
import { type BaseMap, baseStyle, corridorWidthAtZoom0, overlayLayers } from './base-style.ts';
import { drawScene, type Hit, PULSE_MS, type Pulse } from './device-canvas.ts';
import { MAP_PALETTES } from './map-palette.ts';
import { followPointer, type Pointed } from './map-pointer.ts';
import { MovingDevices } from './moving-devices.ts';
import { type Bounds, boundsOf, type PlaceShape } from './place-shapes.ts';

setWorkerUrl(workerUrl);

const EMPTY: FeatureCollection = { type: 'FeatureCollection', features: [] };
const FRAME_MS = 1000 / 30;
const MAX_PULSES = 60;
/** More at the top, where the counters lie over the map. */
const FIT_PADDING_PX = { top: 84, right: 40, bottom: 40, left: 40 };

export interface MapViewOptions {
  readonly container: HTMLElement;
  readonly feed: LiveFeed;
  readonly scheme: 'light' | 'dark';
  readonly styleUrl: string | null;
  readonly smooth: boolean;
  readonly onPoint: (pointed: Pointed | null) => void;
  readonly onSelect: (device: string | null) => void;
  /** Something could not be loaded; the map goes on without it. */
  readonly onTrouble: (message: string) => void;
}

export interface MapView {
  setScheme(scheme: 'light' | 'dark'): void;
  setBaseMap(base: BaseMap): void;
  setOverlay(overlay: FeatureCollection): void;
  setPlaces(places: readonly PlaceShape[]): void;
  setSelected(device: string | null): void;
  /** Shows that an offer happened at this device just now. */
  pulse(device: string): void;
  /** Moves to where the data is. */
  fitToData(): void;
  flyTo(device: string): void;
  destroy(): void;
}

/** The live map: MapLibre for the ground, a canvas over it for what moves. Needs WebGL 2. */
export function createMapView(options: MapViewOptions): MapView {
  const { container, feed } = options;
  let { scheme, styleUrl } = options;
  let base: BaseMap | null = null;
  let overlay = EMPTY;
  let places: readonly PlaceShape[] = [];
  let selected: string | null = null;
  let pulses: Pulse[] = [];
  let hits: readonly Hit[] = [];
  let ready = false;
  let touched = false;
  let fitted = false;

  const map = new MapLibreMap({
    container,
    style: styleUrl ?? baseStyle(MAP_PALETTES[scheme]),
    center: [10, 48],
    zoom: 2.5,
    dragRotate: false,
    pitchWithRotate: false,
    attributionControl: { compact: true },
  });
  map.touchZoomRotate.disableRotation();
  map.addControl(new NavigationControl({ showCompass: false }), 'top-right');
  map.addControl(new ScaleControl({}), 'bottom-left');

  const canvas = document.createElement('canvas');
  canvas.className = 'map-devices';
  canvas.setAttribute('aria-hidden', 'true');
  map.getCanvasContainer().append(canvas);
  const context = canvas.getContext('2d') as CanvasRenderingContext2D;
  const moving = new MovingDevices(options.smooth);

  function setData(source: string, data: Feature | FeatureCollection | Geometry): void {
    if (ready) (map.getSource(source) as GeoJSONSource | undefined)?.setData(data);
  }

  function placesData(): FeatureCollection {
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

  map.on('style.load', () => {
    ready = true;
    map.addSource('overlay', { type: 'geojson', data: overlay });
    // Unsimplified: a circle has to look round from far away too.
    map.addSource('places', { type: 'geojson', data: placesData(), promoteId: 'id', tolerance: 0 });
    for (const layer of overlayLayers(MAP_PALETTES[scheme])) map.addLayer(layer);
    if (base !== null) showBase(base);
    fitOnce();
  });

  map.on('error', ({ error }) => {
    if (!ready && styleUrl !== null) {
      // The style of WAYSIDE_MAP_STYLE is out of reach: the built-in map is better than none.
      options.onTrouble(`The map style could not be loaded (${error.message}); this is the built-in map.`);
      styleUrl = null;
      map.setStyle(baseStyle(MAP_PALETTES[scheme]), { diff: false });
    }
  });

  function showBase({ land, borders }: BaseMap): void {
    setData('land', land);
    setData('borders', borders);
  }

  function dataBounds(): Bounds | null {
    const city = boundsOf(overlay.features.map(({ geometry }) => geometry));
    if (city !== null) return city;
    const points = [...feed.devices.values()].map(
      ({ lon, lat }): Point => ({ type: 'Point', coordinates: [lon, lat] }),
    );
    return boundsOf([...places.map(({ geometry }) => geometry), ...points]);
  }

  function fitToData(): boolean {
    const bounds = dataBounds();
    if (bounds === null) return false;
    map.fitBounds([bounds[0], bounds[1], bounds[2], bounds[3]], {
      padding: FIT_PADDING_PX,
      maxZoom: 16,
      duration: fitted && options.smooth ? 600 : 0,
    });
    return true;
  }

  /** Until the reader moves the map, it follows what the data turns out to be. */
  function fitOnce(): void {
    if (!touched && ready) fitted = fitToData() || fitted;
  }

  for (const kind of ['dragstart', 'wheel', 'dblclick'] as const) {
    map.on(kind, () => {
      touched = true;
    });
  }

  followPointer({ map, hits: () => hits, onPoint: options.onPoint, onSelect: options.onSelect });

  function resize(): { width: number; height: number } {
    const { clientWidth: width, clientHeight: height } = container;
    const ratio = window.devicePixelRatio;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    return { width, height };
  }

  function draw(): void {
    const now = performance.now();
    pulses = pulses.filter(({ startedAt }) => now - startedAt < PULSE_MS);
    const { width, height } = resize();
    hits = drawScene(context, width, height, {
      devices: moving.at(feed.devices, now),
      places,
      pulses,
      selected,
      zoom: map.getZoom(),
      now,
      scheme,
      palette: MAP_PALETTES[scheme],
      smooth: options.smooth,
      project: (lon, lat) => map.project([lon, lat]),
    });
  }

  let lastFrame = 0;
  let fittedDevices = 0;
  let frame = requestAnimationFrame(function step(at) {
    frame = requestAnimationFrame(step);
    if (at - lastFrame < FRAME_MS) return;
    lastFrame = at;
    if (feed.devices.size > fittedDevices) {
      // One that was not there before may be out of view.
      fittedDevices = feed.devices.size;
      fitOnce();
    }
    draw();
  });
  // While the map itself moves, the canvas has to move with it in the very same frame.
  map.on('render', draw);

  return {
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
      fitOnce();
    },
    setPlaces(next) {
      places = next;
      setData('places', placesData());
      fitOnce();
    },
    setSelected(device) {
      selected = device;
    },
    pulse(device) {
      pulses = [...pulses.slice(1 - MAX_PULSES), { device, startedAt: performance.now() }];
    },
    fitToData,
    flyTo(id) {
      const device = feed.devices.get(id);
      if (device === undefined) return;
      touched = true;
      map.easeTo({
        center: [device.lon, device.lat],
        zoom: Math.max(map.getZoom(), 14),
        duration: options.smooth ? 700 : 0,
      });
    },
    destroy() {
      cancelAnimationFrame(frame);
      map.remove();
    },
  };
}

import type { FeatureCollection, Point } from 'geojson';
import type { LiveFeed } from '../../live/live-feed.ts';
import type { BaseMap } from '../../look/map/base-style.ts';
import {
  canvasOver,
  createGround,
  fitCanvas,
  placeFeatures,
  type Scheme,
  viewOf,
} from '../../look/map/ground.ts';
import { type Bounds, boundsOf, type PlaceShape } from '../../look/map/place-shapes.ts';
import { addCellLayer, CELL_SOURCE } from './cell-layer.ts';
import { drawScene, type Hit, PULSE_MS, type Pulse } from './device-canvas.ts';
import type { Cluster } from './gather-clusters.ts';
import { followPointer, type Pointed } from './map-pointer.ts';
import { MovingDevices } from './moving-devices.ts';

const NO_CELLS: FeatureCollection = { type: 'FeatureCollection', features: [] };
const FRAME_MS = 1000 / 30;
const MAX_PULSES = 60;
/** More at the top, where the counters lie over the map. */
const FIT_PADDING_PX = { top: 84, right: 40, bottom: 40, left: 40 };

export interface MapViewOptions {
  readonly container: HTMLElement;
  readonly feed: LiveFeed;
  readonly scheme: Scheme;
  readonly styleUrl: string | null;
  readonly smooth: boolean;
  readonly onPoint: (pointed: Pointed | null) => void;
  readonly onSelect: (device: string | null) => void;
  /** The map came to rest here. */
  readonly onView: (bounds: Bounds) => void;
  /** Something could not be loaded; the map goes on without it. */
  readonly onTrouble: (message: string) => void;
}

export interface MapView {
  setScheme(scheme: Scheme): void;
  setBaseMap(base: BaseMap): void;
  setOverlay(overlay: FeatureCollection): void;
  /** The places of the view, or their clusters. */
  setPlaces(places: readonly PlaceShape[], clusters: readonly Cluster[]): void;
  /** The box around all places, for the first look; null where there is none. */
  setExtent(extent: Bounds | null): void;
  /** Cells of the coarse grid, with `devices`; null where the layer is off. */
  setCells(cells: FeatureCollection | null): void;
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
  let places: readonly PlaceShape[] = [];
  let clusters: readonly Cluster[] = [];
  let extent: Bounds | null = null;
  let cells: FeatureCollection = NO_CELLS;
  let selected: string | null = null;
  let pulses: Pulse[] = [];
  let hits: readonly Hit[] = [];
  let touched = false;
  let fitted = false;

  const ground = createGround({
    container,
    scheme: options.scheme,
    styleUrl: options.styleUrl,
    placesData: () => placeFeatures(places),
    onReady() {
      addCellLayer(map, cells, ground.palette());
      fitOnce();
    },
    onTrouble: options.onTrouble,
  });
  const { map } = ground;
  const context = canvasOver(map, 'map-devices');
  const moving = new MovingDevices(options.smooth);

  function dataBounds(): Bounds | null {
    const city = ground.overlayBounds();
    if (city !== null) return city;
    const points = [...feed.devices.values()].map(
      ({ lon, lat }): Point => ({ type: 'Point', coordinates: [lon, lat] }),
    );
    const corners = extent === null ? [] : [extent.slice(0, 2), extent.slice(2)];
    return boundsOf([...corners.map((coordinates): Point => ({ type: 'Point', coordinates })), ...points]);
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
    if (!touched && ground.isReady()) fitted = fitToData() || fitted;
  }

  for (const kind of ['dragstart', 'wheel', 'dblclick'] as const) {
    map.on(kind, () => {
      touched = true;
    });
  }

  for (const kind of ['load', 'moveend'] as const) map.on(kind, () => options.onView(viewOf(map)));

  followPointer({ map, hits: () => hits, onPoint: options.onPoint, onSelect: options.onSelect });

  function draw(): void {
    const now = performance.now();
    pulses = pulses.filter(({ startedAt }) => now - startedAt < PULSE_MS);
    const { width, height } = fitCanvas(context, container);
    hits = drawScene(context, width, height, {
      devices: moving.at(feed.devices, now),
      places,
      clusters,
      pulses,
      selected,
      zoom: map.getZoom(),
      now,
      scheme: ground.scheme(),
      palette: ground.palette(),
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
    setScheme: ground.setScheme,
    setBaseMap: ground.setBaseMap,
    setOverlay(next) {
      ground.setOverlay(next);
      fitOnce();
    },
    setPlaces(next, nextClusters) {
      clusters = nextClusters;
      if (next === places) return;
      places = next;
      ground.setData('places', placeFeatures(places));
    },
    setExtent(next) {
      extent = next;
      fitOnce();
    },
    setCells(next) {
      cells = next ?? NO_CELLS;
      ground.setData(CELL_SOURCE, cells);
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

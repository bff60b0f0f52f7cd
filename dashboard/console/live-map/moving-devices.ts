import type { LiveDevice } from '../../live/live-feed.ts';

/** A device is drawn on its way from where it was to where it is, for as long as its readings lie apart, within these. */
const SHORTEST_GLIDE_MS = 250;
const LONGEST_GLIDE_MS = 5_000;
/** Further than this in one step it is put there at once: about 2 km, a gap in the data, not a drive. */
const JUMP_DEGREES = 0.02;

export interface DrawnDevice {
  readonly device: LiveDevice;
  readonly lat: number;
  readonly lon: number;
  /** Degrees clockwise from north, or null where it stands or nothing is known. */
  readonly heading: number | null;
}

interface Track {
  device: LiveDevice;
  fromLat: number;
  fromLon: number;
  glideMs: number;
}

/** Where each device is to be drawn at a moment: between its last two positions, so that it moves and does not hop. */
export class MovingDevices {
  readonly #tracks = new Map<string, Track>();
  readonly #smooth: boolean;

  /** With `smooth` false (the reader asked for reduced motion) devices are put where they are at once. */
  constructor(smooth: boolean) {
    this.#smooth = smooth;
  }

  /** The devices at `now` (the clock of `heardAt`), from the feed's latest. */
  at(devices: ReadonlyMap<string, LiveDevice>, now: number): readonly DrawnDevice[] {
    for (const id of this.#tracks.keys()) if (!devices.has(id)) this.#tracks.delete(id);
    const drawn: DrawnDevice[] = [];
    for (const [id, device] of devices) drawn.push(this.#draw(this.#follow(id, device), now));
    return drawn;
  }

  #follow(id: string, device: LiveDevice): Track {
    const track = this.#tracks.get(id);
    if (track?.device === device) return track;
    const next: Track = { device, fromLat: device.lat, fromLon: device.lon, glideMs: 0 };
    if (track !== undefined && this.#smooth) {
      const from = this.#draw(track, device.heardAt);
      if (Math.abs(from.lat - device.lat) < JUMP_DEGREES && Math.abs(from.lon - device.lon) < JUMP_DEGREES) {
        next.fromLat = from.lat;
        next.fromLon = from.lon;
        next.glideMs = Math.min(
          LONGEST_GLIDE_MS,
          Math.max(SHORTEST_GLIDE_MS, device.heardAt - track.device.heardAt),
        );
      }
    }
    this.#tracks.set(id, next);
    return next;
  }

  #draw({ device, fromLat, fromLon, glideMs }: Track, now: number): DrawnDevice {
    const share = glideMs === 0 ? 1 : Math.min(1, Math.max(0, (now - device.heardAt) / glideMs));
    const moves = device.speed === undefined || device.speed > 0.3;
    return {
      device,
      lat: fromLat + (device.lat - fromLat) * share,
      lon: fromLon + (device.lon - fromLon) * share,
      heading: moves && device.heading !== undefined ? device.heading : null,
    };
  }
}

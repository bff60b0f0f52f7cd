/** The settings of the gateway after checking. See `loadConfig` for where each comes from. */
export interface Config {
  readonly dataDir: string;
  readonly host: string;
  readonly httpPort: number;
  readonly mqttPort: number;
  /** Where browsers reach the gateway, without a trailing slash; null until the port is known. */
  readonly publicUrl: string | null;
  readonly adminToken: string | null;
  readonly influx: {
    readonly url: string;
    readonly token: string;
    readonly org: string;
    readonly bucket: string;
  } | null;
  /** Origins beyond the known push services; these alone may be http or private. */
  readonly pushHosts: readonly string[];
  readonly vapidSubject: string;
  /** URL of a MapLibre style, or null for the built-in base map. */
  readonly mapStyle: string | null;
  /** Path of a GeoJSON file that is drawn over the base map, or null. */
  readonly mapOverlay: string | null;
  readonly timeScale: number;
  readonly timeStart: number | null;
}

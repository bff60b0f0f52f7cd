declare module 'virtual:base-map-url' {
  /** Address of the base map's TopoJSON; see base-map-plugin.ts. */
  export const baseMapUrl: string;
}

/** The map's colours, one set a theme. */
export interface MapPalette {
  readonly sea: string;
  readonly land: string;
  readonly border: string;
  readonly graticule: string;
  readonly street: string;
  readonly streetCasing: string;
  readonly water: string;
  readonly park: string;
  readonly building: string;
  readonly placeFill: string;
  readonly placeLine: string;
  readonly ink: string;
  readonly halo: string;
  readonly offer: string;
  readonly surface: string;
  /** Sensitive zones, and what is wrong. */
  readonly zone: string;
  /** Cells in which devices were; the more of them, the denser. */
  readonly cell: string;
}

export const MAP_PALETTES: Readonly<Record<'light' | 'dark', MapPalette>> = {
  light: {
    sea: '#d5e3e8',
    land: '#f3f3ef',
    border: '#b9c0bb',
    graticule: '#c5d5da',
    street: '#ffffff',
    streetCasing: '#d9dcd6',
    water: '#bfd8e2',
    park: '#d9e8d2',
    building: '#e7e6e0',
    placeFill: '#0f6b5f',
    placeLine: '#0f6b5f',
    ink: '#1b2422',
    halo: '#ffffff',
    offer: '#e08700',
    surface: '#ffffff',
    zone: '#b42318',
    cell: '#6a3fb5',
  },
  dark: {
    sea: '#0c1518',
    land: '#161d1c',
    border: '#394644',
    graticule: '#162327',
    street: '#35413f',
    streetCasing: '#10161500',
    water: '#12303b',
    park: '#1b2c22',
    building: '#1e2625',
    placeFill: '#4fae97',
    placeLine: '#79c2ae',
    ink: '#e4eae8',
    halo: '#101514',
    offer: '#f5b841',
    surface: '#1f2827',
    zone: '#ff9d92',
    cell: '#b79cf5',
  },
};

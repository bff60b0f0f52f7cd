/** How a device type is drawn: its own colour for each theme, and an outline on a 24 × 24 grid. */
export interface DeviceLook {
  readonly label: string;
  readonly light: string;
  readonly dark: string;
  /** SVG path data, stroked. */
  readonly outline: string;
}

const LOOKS: Readonly<Record<string, DeviceLook>> = {
  car: {
    label: 'Car',
    light: '#2563c9',
    dark: '#6ea8ff',
    outline: 'M4 16v-4l2-5.5h12L20 12v4zM4 12h16M6 16v2.5M18 16v2.5M7.5 14h.01M16.5 14h.01',
  },
  fridge: {
    label: 'Fridge',
    light: '#0e7490',
    dark: '#5cc8e0',
    outline: 'M7 3h10v18H7zM7 10h10M10 6v1.5M10 13v3',
  },
  wearable: {
    label: 'Wearable',
    light: '#c2255c',
    dark: '#ff8fb3',
    outline: 'M8 8h8v8H8zM9.5 8 10 3.5h4l.5 4.5M9.5 16l.5 4.5h4l.5-4.5M12 10.5V12h1.5',
  },
  phone: { label: 'Phone', light: '#6741d9', dark: '#b49cff', outline: 'M8 3h8v18H8zM11 18h2' },
  collar: {
    label: 'Collar',
    light: '#a3590a',
    dark: '#f2b158',
    outline: 'M5 9a7 7 0 1 0 14 0M12 16v1.5M12 17.5a1.8 1.8 0 1 0 .01 0z',
  },
  card: {
    label: 'Card',
    light: '#495057',
    dark: '#b8c2cc',
    outline: 'M3.5 6.5h17v11h-17zM3.5 10.5h17M6.5 14.5h3',
  },
};

const OTHER: DeviceLook = {
  label: 'Device',
  light: '#495057',
  dark: '#b8c2cc',
  outline: 'M7 7h10v10H7zM12 3v4M12 17v4M3 12h4M17 12h4',
};

/** The look of a type; one that is not built in gets a plain one, with its id as the label. */
export function deviceLook(type: string): DeviceLook {
  return LOOKS[type] ?? { ...OTHER, label: type };
}

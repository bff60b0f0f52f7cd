import type { CSSProperties } from 'react';
import { deviceLook } from './device-look.ts';

const OUTLINES = {
  sun: 'M12 8a4 4 0 1 0 .01 0zM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4',
  moon: 'M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10z',
  system: 'M4 5h16v11H4zM9 20h6M12 16v4',
  bell: 'M6 16V11a6 6 0 1 1 12 0v5l1.5 2h-15zM10 20.5h4',
  bellOff: 'M8.5 6.2A6 6 0 0 1 18 11v4.5M6 11v5l-1.5 2H17M10 20.5h4M4 3.5l16 17',
  stop: 'M8.5 3.5h7l5 5v7l-5 5h-7l-5-5v-7zM9 9l6 6M15 9l-6 6',
  link: 'M9 5H5v14h14v-4M13 4.5h6.5V11M19 5l-9 9',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  signOut: 'M14 4.5H5v15h9M10 12h10.5M17 8.5l3.5 3.5-3.5 3.5',
  fit: 'M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5',
  cells:
    'M12 3l4 2.4v4.7l-4 2.4-4-2.4V5.4zM8 10.1l-4 2.4v4.7l4 2.4 4-2.4v-4.7M16 10.1l4 2.4v4.7l-4 2.4-4-2.4',
  tag: 'M4 4h8l8.5 8.5-8 8L4 12zM8.5 8.5h.01',
  chart: 'M4 4.5v15h16M8 15.5l3.5-4.5 3 2.5L19.5 7',
  sliders: 'M4 7h9M17.5 7H20M15 4.8v4.4M4 17h3M11.5 17H20M9 14.8v4.4',
  key: 'M8.5 12.5a4 4 0 1 0 .01 0zM11.5 13 20 4.5M16.5 8l2.5 2.5M14 10.5l1.8 1.8',
  chevron: 'M9.5 5.5 16 12l-6.5 6.5',
  back: 'M14.5 5.5 8 12l6.5 6.5',
  clock: 'M12 3.5a8.5 8.5 0 1 0 .01 0zM12 7.5V12l3 2',
  copy: 'M9 9h11v11H9zM15 6V4H4v11h2',
  phone: 'M7.5 3h9v18h-9zM11 18h2',
} as const;

export type IconName = keyof typeof OUTLINES;

function Outline({ path, size }: { path: string; size: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path
        d={path}
        fill="none"
        stroke="currentColor"
        strokeWidth="1.8"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}

/** Decoration only: what it stands for is said in text or by the control around it. */
export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
  return <Outline path={OUTLINES[name]} size={size} />;
}

/** A device type's outline in its colour, as on the map. */
export function DeviceIcon({ type, size = 16 }: { type: string; size?: number }) {
  const look = deviceLook(type);
  // base.css takes the one of the theme: no component has to know which it is.
  const colours = { '--device-light': look.light, '--device-dark': look.dark } as CSSProperties;
  return (
    <span className="device-icon" style={colours}>
      <Outline path={look.outline} size={size} />
    </span>
  );
}

import { createTheme, type MantineColorsTuple } from '@mantine/core';

/** The green of road signs at dusk; shade 7 carries white text at 4.5:1, shade 3 carries on the dark ground. */
const wayside: MantineColorsTuple = [
  '#e9f6f2',
  '#d3eae3',
  '#a9d6c9',
  '#79c2ae',
  '#4fae97',
  '#2b9680',
  '#177d6b',
  '#0f6b5f',
  '#0b554c',
  '#083f39',
];

/** Mantine's greys with a breath of the same green, so that both themes look of one piece. */
const dark: MantineColorsTuple = [
  '#d3dad8',
  '#b5bfbc',
  '#97a4a0',
  '#66746f',
  '#3b4744',
  '#2b3533',
  '#202927',
  '#181f1e',
  '#121817',
  '#0c1110',
];

export const theme = createTheme({
  primaryColor: 'wayside',
  primaryShade: { light: 7, dark: 6 },
  colors: { wayside, dark },
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", monospace',
  headings: {
    fontWeight: '650',
    sizes: { h1: { fontSize: '1.5rem' }, h2: { fontSize: '1.125rem' }, h3: { fontSize: '1rem' } },
  },
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
});

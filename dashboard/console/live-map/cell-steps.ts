/** How many devices are told apart, and how dense they are drawn. */
export const CELL_STEPS = [
  { from: 5, opacity: 0.18, words: '5 to 9 devices' },
  { from: 10, opacity: 0.34, words: '10 to 24' },
  { from: 25, opacity: 0.52, words: '25 to 99' },
  { from: 100, opacity: 0.72, words: '100 and more' },
] as const;

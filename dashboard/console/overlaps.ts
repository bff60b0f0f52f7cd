/** How long an old token may stay good beside a new one: seconds, and words. */
export const OVERLAPS = [
  { value: '86400', label: 'for a day' },
  { value: '3600', label: 'for an hour' },
  { value: '604800', label: 'for a week' },
  { value: '0', label: 'no longer, and connections are closed' },
];

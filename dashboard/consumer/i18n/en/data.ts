/** What is known of the person, and what was not sent. */
export const data = {
  title: 'My data',
} as const;

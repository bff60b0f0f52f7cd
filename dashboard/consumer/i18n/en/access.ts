/** Signing in, passkeys and browsers. */
export const access = {
  title: 'Access',
} as const;

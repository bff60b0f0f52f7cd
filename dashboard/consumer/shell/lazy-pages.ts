import { lazy } from 'react';

/** Pages that the first one does without: each is fetched when somebody goes there. */
export const SettingsPage = lazy(async () => ({
  default: (await import('../settings/SettingsPage.tsx')).SettingsPage,
}));

import { lazy } from 'react';

/** Pages that the first one does without: each is fetched when somebody goes there. */
export const SettingsPage = lazy(async () => ({
  default: (await import('../settings/SettingsPage.tsx')).SettingsPage,
}));

export const DataPage = lazy(async () => ({
  default: (await import('../data/DataPage.tsx')).DataPage,
}));

export const DevicePage = lazy(async () => ({
  default: (await import('../data/DevicePage.tsx')).DevicePage,
}));

export const NotSentPage = lazy(async () => ({
  default: (await import('../data/NotSentPage.tsx')).NotSentPage,
}));

export const AccessPage = lazy(async () => ({
  default: (await import('../access/AccessPage.tsx')).AccessPage,
}));

export const SignIn = lazy(async () => ({
  default: (await import('../access/SignIn.tsx')).SignIn,
}));

export const Farewell = lazy(async () => ({
  default: (await import('../data/Farewell.tsx')).Farewell,
}));

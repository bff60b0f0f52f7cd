import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import { remember } from '../worker/store.ts';
import { en } from './en.ts';
import { isLanguage, type Language, languageFor } from './languages.ts';
import type { Translated } from './translated.ts';

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'shell';
    resources: typeof en;
  }
}

const KEPT_AS = 'wayside-language';

/** English comes with the app, as what is fallen back to; the others are fetched by who speaks them. */
const LOADERS: Readonly<Record<Exclude<Language, 'en'>, () => Promise<Translated<typeof en>>>> = {
  de: async () => (await import('./de.ts')).de,
  it: async () => (await import('./it.ts')).it,
};

/** Loads the person's language and has the app speak it; to be awaited before the first drawing. */
export async function startWords(): Promise<void> {
  await i18next.use(initReactI18next).init({
    lng: 'en',
    fallbackLng: 'en',
    resources: { en },
    defaultNS: 'shell',
    // React escapes what it draws.
    interpolation: { escapeValue: false },
    react: { useSuspense: false },
  });
  await speak(languageFor(localStorage.getItem(KEPT_AS), navigator.languages));
}

/** The language that the app speaks now. */
export function spokenLanguage(): Language {
  return isLanguage(i18next.language) ? i18next.language : 'en';
}

/** Changes the language for good, in this browser and on its notifications. */
export async function chooseLanguage(language: Language): Promise<void> {
  await speak(language);
  localStorage.setItem(KEPT_AS, language);
  await remember('language', language);
}

async function speak(wanted: Language): Promise<void> {
  const language = await loaded(wanted);
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
}

/** Gives the language once its words are there; English where they cannot be had now, as offline before they ever came. */
async function loaded(language: Language): Promise<Language> {
  if (language === 'en' || i18next.hasResourceBundle(language, 'shell')) return language;
  try {
    const words = await LOADERS[language]();
    for (const [area, texts] of Object.entries(words)) i18next.addResourceBundle(language, area, texts);
    return language;
  } catch (error) {
    // What a failed import() throws is a TypeError; anything else is a mistake of ours.
    if (error instanceof TypeError) return 'en';
    throw error;
  }
}

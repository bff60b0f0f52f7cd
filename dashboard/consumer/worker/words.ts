import { worker as german } from '../i18n/de/worker.ts';
import { worker as english } from '../i18n/en/worker.ts';
import { worker as italian } from '../i18n/it/worker.ts';
import { type Language, languageFor } from '../i18n/languages.ts';
import type { Translated } from '../i18n/translated.ts';
import { recall } from './store.ts';

type Words = Translated<typeof english>;

const WORDS: Readonly<Record<Language, Words>> = { en: english, de: german, it: italian };

/** The words of notifications in the language that the app last spoke in this browser, else in the browser's. */
export async function notificationWords(): Promise<Words> {
  return WORDS[languageFor((await recall('language')) ?? null, navigator.languages)];
}

/** The languages of the app, the first of which every text is written in first. */
export const LANGUAGES = ['en', 'de', 'it'] as const;

export type Language = (typeof LANGUAGES)[number];

/** Each language in its own words, so that everyone finds theirs. */
export const LANGUAGE_NAMES: Readonly<Record<Language, string>> = {
  en: 'English',
  de: 'Deutsch',
  it: 'Italiano',
};

export function isLanguage(value: unknown): value is Language {
  return LANGUAGES.some((language) => language === value);
}

/**
 * The language to speak: what was chosen here, else the first of the browser's that the app has, else English.
 *
 * @param preferred the browser's languages, best first, such as `de-AT`
 */
export function languageFor(chosen: string | null, preferred: readonly string[]): Language {
  if (isLanguage(chosen)) return chosen;
  return preferred.map((tag) => tag.split('-', 1)[0]).find(isLanguage) ?? 'en';
}

/** The locale for dates and numbers: the browser's own variant of the language where it has one (`de-AT`), else the language. */
export function localeFor(language: Language, preferred: readonly string[]): string {
  return preferred.find((tag) => tag.split('-', 1)[0] === language) ?? language;
}

import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { type Formats, formatsOf } from './formats.ts';
import { localeFor } from './languages.ts';
import { spokenLanguage } from './start.ts';

/** The formats of the language that the app speaks now. */
export function useFormats(): Formats {
  const { i18n } = useTranslation();
  const { language } = i18n;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the language spoken changes with i18next's
  return useMemo(() => formatsOf(localeFor(spokenLanguage(), navigator.languages)), [language]);
}

import { readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { LANGUAGES, languageFor, localeFor } from '../../dashboard/consumer/i18n/languages.ts';

const FOLDER = new URL('../../dashboard/consumer/i18n/', import.meta.url);

/** Every text of a language's area by its path: `offer.copy` → `Copy code`. */
function texts(words: unknown, path = ''): [string, string][] {
  if (typeof words === 'string') return [[path, words]];
  return Object.entries(words as object).flatMap(([key, value]) =>
    texts(value, path === '' ? key : `${path}.${key}`),
  );
}

/** What a text leaves open, such as `{{when}}`. */
const gaps = (text: string) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name).sort();

const areas = (await readdir(new URL('en/', FOLDER))).map((file) => file.replace('.ts', ''));

async function wordsOf(language: string, area: string): Promise<Map<string, string>> {
  const module = (await import(new URL(`${language}/${area}.ts`, FOLDER).href)) as Record<string, unknown>;
  return new Map(texts(module[area]));
}

describe('the words of the consumer app', () => {
  it('are there by area', () => {
    expect(areas).toEqual(expect.arrayContaining(['offers', 'settings', 'shell', 'worker']));
  });

  it.each(areas)('say the same in every language: %s', async (area) => {
    const english = await wordsOf('en', area);
    expect(english.size).toBeGreaterThan(0);
    for (const language of LANGUAGES) {
      const words = await wordsOf(language, area);
      expect([...words.keys()].sort(), language).toEqual([...english.keys()].sort());
      for (const [path, text] of words) {
        expect(text.trim(), `${language} ${path}`).not.toBe('');
        expect(gaps(text), `${language} ${path}`).toEqual(gaps(english.get(path) ?? ''));
      }
    }
  });

  it.each(areas)('are in another language than English: %s', async (area) => {
    const english = await wordsOf('en', area);
    for (const language of ['de', 'it']) {
      const words = await wordsOf(language, area);
      const long = [...words].filter(([path]) => (english.get(path) ?? '').split(' ').length > 4);
      for (const [path, text] of long) expect(text, `${language} ${path}`).not.toBe(english.get(path));
    }
  });
});

describe('the language', () => {
  it.each([
    ['what was chosen', 'it', ['de'], 'it'],
    ['the first of the browser’s that is there', null, ['fr-FR', 'de-AT', 'it'], 'de'],
    ['English where none is', null, ['fr', 'ja'], 'en'],
    ['the browser’s where what was chosen is no language of the app', 'xx', ['it-IT'], 'it'],
  ])('is %s', (_name, chosen, preferred, language) => {
    expect(languageFor(chosen, preferred)).toBe(language);
  });

  it('writes dates in the browser’s own variant of it', () => {
    expect(localeFor('de', ['en-US', 'de-AT'])).toBe('de-AT');
    expect(localeFor('it', ['en-US'])).toBe('it');
  });
});

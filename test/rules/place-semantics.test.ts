import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Case } from './scenario.ts';

/** Every sentence of the place semantics, with the behaviour cases that show it: `file: name of the case`. */
interface Sentence {
  readonly sentence: string;
  readonly cases: readonly string[];
}

const FOLDER = new URL('cases/', import.meta.url);
const table: readonly Sentence[] = JSON.parse(
  readFileSync(new URL('place-semantics.json', import.meta.url), 'utf8'),
);
const known = new Set(
  readdirSync(FOLDER).flatMap((file) =>
    (JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as readonly Case[]).map(
      ({ name }) => `${file.replace('.json', '')}: ${name}`,
    ),
  ),
);

describe('each sentence of the place semantics has cases', () => {
  it.each(table)('$sentence', ({ cases }) => {
    expect(cases.length).toBeGreaterThan(0);
    for (const name of cases) expect([...known]).toContain(name);
  });

  const DESIGN = new URL('../../../shared/design.md', import.meta.url);
  const skipped = existsSync(DESIGN) ? '' : ' (skipped: ../shared/design.md is absent)';
  it.skipIf(skipped !== '')(`and none is forgotten${skipped}`, () => {
    const text = readFileSync(DESIGN, 'utf8');
    const section = text.slice(text.indexOf('## Place semantics'), text.indexOf('## Rule document'));
    const plain = (markdown: string) =>
      markdown.replace(/\*\*/g, '').replace(/^- /gm, '').replace(/\s+/g, ' ');
    let rest = plain(section.replace('## Place semantics', ''));
    expect(rest.length).toBeGreaterThan(2_000);
    for (const { sentence } of table) {
      expect(rest).toContain(sentence);
      rest = rest.replace(sentence, '');
    }
    // Names of entries whose first sentence is told without them.
    expect(rest.replace(/Accuracy gate:/, '').trim()).toBe('');
  });
});

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Case, playCase } from './scenario.ts';

const FOLDER = new URL('cases/', import.meta.url);
const files = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));

describe('behaviour cases', () => {
  it('are found', () => {
    expect(files.length).toBeGreaterThan(5);
  });

  for (const file of files) {
    const cases: readonly Case[] = JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8'));
    describe(file.replace('.json', ''), () => {
      for (const one of cases) {
        it(`${one.name} [${one.says}]`, () => {
          const played = playCase(one, one.ticks !== 'none');
          if (one.visits) expect(played.visits).toEqual(one.visits);
          if (one.decisions) expect(played.decisions).toEqual(one.decisions);
          if (one.details) expect(played.details).toEqual(one.details);
          expect(one.visits ?? one.decisions).toBeDefined();
        });
      }
    });
  }
});

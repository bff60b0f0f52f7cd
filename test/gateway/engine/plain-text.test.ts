import { Buffer } from 'node:buffer';
import { expect, it } from 'vitest';
import { PlainText } from '../../../gateway/engine/plain-text.ts';

const LETTERS = [...'abcdefghijklmnopqrstuvwxyz'];

it('a name that is remembered keeps nothing of the payload that it came in', () => {
  const text = new PlainText();
  const first = Buffer.from('"aa":1}');
  text.begin(first);
  expect(text.name()).toBe('aa');
  // Whatever the first payload holds by now, each name is itself; a few of these share the place of the first.
  for (const name of LETTERS.flatMap((a) => LETTERS.map((b) => a + b)).slice(1)) {
    first.write(name, 1);
    text.begin(Buffer.from(`"${name}":1}`));
    expect(text.name()).toBe(name);
  }
});

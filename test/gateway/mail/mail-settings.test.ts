import { expect, test } from 'vitest';
import { loadConfig } from '../../../gateway/config.ts';
import { WaysideError } from '../../../gateway/errors.ts';
import { isMailAddress } from '../../../gateway/mail/mail-settings.ts';

function problemsOf(env: Record<string, string>): Record<string, string> {
  try {
    loadConfig(env);
    return {};
  } catch (error) {
    if (!(error instanceof WaysideError)) throw error;
    return Object.fromEntries(error.problems.map(({ path, message }) => [path, message]));
  }
}

const MAIL = {
  WAYSIDE_SMTP_URL: 'smtps://u:100%25p@mail.example:465',
  WAYSIDE_MAIL_FROM: 'Shop <offers@shop.example>',
};

test('mail goes out where server and sender are named', () => {
  expect(loadConfig({}).mail).toBeNull();
  expect(loadConfig(MAIL).mail).toEqual({ url: MAIL.WAYSIDE_SMTP_URL, from: MAIL.WAYSIDE_MAIL_FROM });
});

test('a server without a sender, and what is neither, are told, the password is not', () => {
  expect(problemsOf({ WAYSIDE_SMTP_URL: 'smtp://mail.example' })).toEqual({
    WAYSIDE_MAIL_FROM: 'is needed with WAYSIDE_SMTP_URL',
  });
  const bad = problemsOf({
    WAYSIDE_SMTP_URL: 'http://u:secret@mail.example',
    WAYSIDE_MAIL_FROM: 'x@y.example',
  });
  expect(Object.keys(bad)).toEqual(['WAYSIDE_SMTP_URL']);
  expect(JSON.stringify(bad)).not.toContain('secret');
  const unreadable = problemsOf({ ...MAIL, WAYSIDE_SMTP_URL: 'smtp://u:100%secret@mail.example' });
  expect(Object.keys(unreadable)).toEqual(['WAYSIDE_SMTP_URL']);
  expect(JSON.stringify(unreadable)).not.toContain('secret');
  for (const from of ['nobody', 'a@b, c@d', 'Shop <offers@shop.example>, x@y', 'x@y.example>']) {
    const env = { WAYSIDE_SMTP_URL: 'smtp://mail.example', WAYSIDE_MAIL_FROM: from };
    expect(problemsOf(env), from).toHaveProperty('WAYSIDE_MAIL_FROM');
  }
});

test.each([
  ['ada@example.org', true],
  ["o'neil+offers@mail.example.co.uk", true],
  ['ada@localhost', true],
  ['ada@xn--bcher-kva.example', true],
  ['ada', false],
  ['ada@', false],
  ['@example.org', false],
  ['a..b@example.org', false],
  ['ada@-example.org', false],
  ['ada@example.org\r\nBcc: eve@example.org', false],
  ['ada@example.org,eve@example.org', false],
  ['Ada <ada@example.org>', false],
  [`${'a'.repeat(65)}@example.org`, false],
  [`a@${'b.'.repeat(200)}org`, false],
])('%j is an address: %s', (text, expected) => {
  expect(isMailAddress(text)).toBe(expected);
});

import { access } from './en/access.ts';
import { data } from './en/data.ts';
import { offers } from './en/offers.ts';
import { settings } from './en/settings.ts';
import { shell } from './en/shell.ts';
import { why } from './en/why.ts';

/** All words of the app, by area; the other languages have the same keys. */
export const en = { shell, offers, settings, data, access, why } as const;

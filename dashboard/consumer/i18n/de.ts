import { access } from './de/access.ts';
import { data } from './de/data.ts';
import { offers } from './de/offers.ts';
import { settings } from './de/settings.ts';
import { shell } from './de/shell.ts';
import { why } from './de/why.ts';
import type { en } from './en.ts';
import type { Translated } from './translated.ts';

export const de: Translated<typeof en> = { shell, offers, settings, data, access, why };

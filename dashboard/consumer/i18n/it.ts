import type { en } from './en.ts';
import { access } from './it/access.ts';
import { data } from './it/data.ts';
import { offers } from './it/offers.ts';
import { settings } from './it/settings.ts';
import { shell } from './it/shell.ts';
import { why } from './it/why.ts';
import type { Translated } from './translated.ts';

export const it: Translated<typeof en> = { shell, offers, settings, data, access, why };

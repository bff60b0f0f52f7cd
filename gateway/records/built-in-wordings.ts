import type { Purpose } from '../../rules/step.ts';

export const LANGUAGES = ['en', 'de', 'it'] as const;
export type Language = (typeof LANGUAGES)[number];

/** What people are asked, by purpose and language. */
export type Wordings = Readonly<Record<Purpose, Readonly<Record<Language, string>>>>;

/** What people are asked unless an organisation says it in its own words: short, and true of what this gateway does. */
export const BUILT_IN_WORDINGS: Wordings = {
  location_offers: {
    en: 'Use where my devices are to send me offers for places that I come near, enter, stay at or leave. Exact positions are kept for a limited time only. I can withdraw this at any time; from then on no offer is sent because of where I am.',
    de: 'Nutzt, wo meine Geräte sind, um mir Angebote für Orte zu schicken, denen ich mich nähere, die ich betrete, an denen ich mich aufhalte oder die ich verlasse. Genaue Positionen werden nur begrenzte Zeit aufbewahrt. Ich kann das jederzeit zurücknehmen; von da an kommt kein Angebot mehr, weil ich irgendwo bin.',
    it: 'Usate la posizione dei miei dispositivi per inviarmi offerte sui luoghi a cui mi avvicino, in cui entro, in cui sosto o da cui esco. Le posizioni esatte sono conservate solo per un tempo limitato. Posso revocare in qualsiasi momento; da allora non arriva più nessuna offerta in base a dove mi trovo.',
  },
  device_offers: {
    en: 'Use what my devices report about themselves, such as a fuel level, a temperature or a purchase, to send me offers that fit. This does not include health values. I can withdraw this at any time; from then on no offer is sent because of what a device reports.',
    de: 'Nutzt, was meine Geräte über sich melden, etwa Tankfüllung, Temperatur oder einen Einkauf, um mir passende Angebote zu schicken. Gesundheitswerte gehören nicht dazu. Ich kann das jederzeit zurücknehmen; von da an kommt kein Angebot mehr, weil ein Gerät etwas meldet.',
    it: 'Usate ciò che i miei dispositivi comunicano di sé, come il livello del carburante, una temperatura o un acquisto, per inviarmi offerte adatte. I valori relativi alla salute non sono compresi. Posso revocare in qualsiasi momento; da allora non arriva più nessuna offerta in base a ciò che un dispositivo comunica.',
  },
  health_offers: {
    en: 'Use health values that my devices measure, such as my heart rate, to send me offers that fit. These values say much about me; without this consent no offer may use them. I can withdraw this at any time; from then on no offer is sent because of a health value.',
    de: 'Nutzt Gesundheitswerte, die meine Geräte messen, etwa meinen Puls, um mir passende Angebote zu schicken. Diese Werte sagen viel über mich; ohne diese Einwilligung darf kein Angebot sie nutzen. Ich kann das jederzeit zurücknehmen; von da an kommt kein Angebot mehr wegen eines Gesundheitswerts.',
    it: 'Usate i valori relativi alla salute misurati dai miei dispositivi, come la frequenza cardiaca, per inviarmi offerte adatte. Questi valori dicono molto di me; senza questo consenso nessuna offerta può usarli. Posso revocare in qualsiasi momento; da allora non arriva più nessuna offerta in base a un valore relativo alla salute.',
  },
};

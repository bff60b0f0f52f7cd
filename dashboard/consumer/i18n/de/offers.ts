import type { offers as english } from '../en/offers.ts';
import type { Translated } from '../translated.ts';

export const offers: Translated<typeof english> = {
  title: 'Ihre Angebote',
  older: 'Ältere zeigen',
  code: 'Mit Code',
  notSent: 'Was Sie nicht bekommen haben, und warum',
  empty: {
    title: 'Noch ist kein Angebot gekommen',
    text: 'Was kommt, bleibt hier aufgelistet. Angebote sind selten: Sie kommen, wenn eines passt.',
    steps: 'Was es dazu braucht',
    agree: 'Einwilligen, worauf Angebote beruhen dürfen',
    device: 'Ein Gerät verbinden, etwa Ihr Auto',
    push: 'Angebote in diesem Browser einschalten',
    done: 'Erledigt',
    open: 'Offen',
  },
  state: {
    left: 'noch {{time}}',
    ended: 'Abgelaufen',
    redeemed: 'Eingelöst',
    withdrawn: 'Zurückgezogen',
  },
  offer: {
    back: 'Alle Angebote',
    toShop: 'Zum Angebot',
    endsAt: 'Gilt bis {{when}}',
    endedAt: 'Abgelaufen: {{when}}',
    redeemedText: 'Dieser Code ist eingelöst.',
    withdrawnText: 'Dieses Angebot wurde zurückgezogen und gilt nicht mehr.',
    received: 'Erhalten: {{when}}',
    codeTitle: 'Ihr Code',
    codeHint: 'Zeigen Sie ihn an der Kasse oder geben Sie ihn ein. Er gilt einmal.',
    copy: 'Code kopieren',
    copied: 'Kopiert',
    copyFailed: 'Dieser Browser lässt Seiten nicht kopieren. Markieren Sie den Code selbst.',
    qr: 'Der Code {{code}} als QR-Code',
  },
  fewer: {
    title: 'Nichts für Sie?',
    once: 'Weniger davon',
    again: 'Nichts mehr davon',
    level1: 'Solche Angebote kommen jetzt höchstens einmal in der Woche.',
    level2: 'Solche Angebote kommen nicht mehr.',
    undo: 'In den Einstellungen ändern',
  },
};

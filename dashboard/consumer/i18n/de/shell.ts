import type { shell as english } from '../en/shell.ts';
import type { Translated } from '../translated.ts';

export const shell: Translated<typeof english> = {
  documentTitle: '{{page}} · Wayside',
  nav: {
    label: 'Seiten',
    offers: 'Angebote',
    data: 'Meine Daten',
    settings: 'Einstellungen',
    access: 'Zugang',
  },
  skip: 'Zum Inhalt',
  loading: 'Wird geladen',
  retry: 'Erneut versuchen',
  offline: 'Sie sind offline. Das hier ist der Stand von {{when}}.',
  unreachable: 'Wayside ist gerade nicht erreichbar. Das hier ist der Stand von {{when}}.',
  failure: {
    unreachable: {
      title: 'Wayside ist nicht erreichbar',
      mend: 'Prüfen Sie die Verbindung und versuchen Sie es noch einmal.',
    },
    busy: {
      title: 'Das war zu viel auf einmal',
      mend: 'Warten Sie einen Moment und versuchen Sie es noch einmal.',
    },
    gone: { title: 'Das gibt es nicht mehr', mend: 'Vielleicht wurde es in einem anderen Browser entfernt.' },
    other: { title: 'Das hat nicht geklappt', mend: 'Versuchen Sie es gleich noch einmal.' },
  },
  notFound: {
    title: 'Hier ist nichts',
    text: 'Diese Adresse führt in dieser App nirgendwohin.',
    home: 'Zu Ihren Angeboten',
  },
  stop: {
    button: 'Alles stoppen',
    meaning: 'Widerruft alle Ihre Einwilligungen und beendet Angebote in allen Ihren Browsern, sofort.',
    doneTitle: 'Alles ist gestoppt.',
    doneText:
      'Sie willigen in nichts mehr ein, und kein Browser erhält Angebote. In den Einstellungen schalten Sie wieder ein, was Sie möchten.',
  },
};

import type { settings as english } from '../en/settings.ts';
import type { Translated } from '../translated.ts';

export const settings: Translated<typeof english> = {
  title: 'Einstellungen',
  notSaved: 'Das wurde nicht gespeichert. Sie sehen, was gilt.',
  push: {
    label: 'Angebote in diesem Browser',
    on: {
      title: 'Angebote sind in diesem Browser an',
      text: 'Sie kommen als Benachrichtigung, auch wenn diese Seite geschlossen ist.',
    },
    ready: {
      title: 'Dieser Browser ist bereit',
      text: 'Sie haben noch in keine Angebote eingewilligt: Wählen Sie, was Sie möchten.',
      choose: 'Einwilligungen wählen',
    },
    off: {
      title: 'Angebote sind in diesem Browser aus',
      text: 'Schalten Sie sie ein, und der Browser fragt, ob er Benachrichtigungen zeigen darf. Mit einem Tipp stoppen Sie sie wieder, auf jeder Benachrichtigung.',
    },
    denied: {
      title: 'Benachrichtigungen sind blockiert',
      text: 'Dieser Browser soll von dieser Seite keine zeigen. Öffnen Sie die Website-Einstellungen links neben der Adresse, erlauben Sie Benachrichtigungen und laden Sie die Seite neu.',
    },
    homeScreen: {
      title: 'Legen Sie die App zuerst auf den Home-Bildschirm',
      text: 'Auf iPhone und iPad dürfen nur Apps auf dem Home-Bildschirm benachrichtigen: Tippen Sie auf „Teilen“, dann „Zum Home-Bildschirm“, und öffnen Sie Wayside von dort.',
    },
    unsupported: {
      title: 'Dieser Browser kann keine Benachrichtigungen zeigen',
      text: 'Er unterstützt sie nicht, oder nicht in einem privaten Fenster. Ihre Angebote stehen trotzdem hier.',
    },
    turnOn: 'Angebote einschalten',
    turnOff: 'Hier ausschalten',
    failed: 'Das hat nicht geklappt. Versuchen Sie es gleich noch einmal.',
    noService:
      'Der Push-Dienst dieses Browsers ist nicht erreichbar; manche Netze und Browser sperren ihn. Versuchen Sie es später oder in einem anderen Browser.',
    undecided:
      'Der Browser hat noch nicht gefragt, oder Sie haben die Frage geschlossen. Versuchen Sie es, wann Sie möchten.',
  },
  install: {
    title: 'Wayside griffbereit haben',
    text: 'Installieren Sie es als App: Es öffnet sich vom Startbildschirm, und Ihre Angebote sind auch offline da.',
    button: 'Installieren',
  },
  purposes: {
    title: 'Worin Sie einwilligen',
    intro: 'Für Angebote wird nur verwendet, was hier eingeschaltet ist. Sie können es jederzeit ändern.',
    since: 'Eingewilligt am {{when}}, Fassung {{version}}',
    names: {
      location_offers: 'Angebote in der Nähe von Orten',
      device_offers: 'Angebote aus Ihren Geräten',
      health_offers: 'Angebote zur Gesundheit',
    },
    outdated:
      'Diesen Text haben Sie noch nicht gesehen. Ihre Einwilligung gilt trotzdem; bitte lesen Sie ihn.',
    renew: 'In diesen Text einwilligen',
  },
  quiet: {
    title: 'Ruhezeiten',
    off: 'Aus: Ein Angebot kann zu jeder Stunde kommen.',
    on: 'Keine Angebote zwischen diesen Zeiten, {{zone}}.',
    ofPlace: 'nach der Uhr des Orts, um den es geht',
    here: 'Uhr von {{zone}} verwenden',
    from: 'Von',
    to: 'Bis',
  },
  devices: {
    title: 'Ihre Geräte',
    none: 'Mit Ihnen ist kein Gerät verbunden.',
    giveUp: 'Trennen',
    giveUpNamed: '{{device}} trennen',
    giveUpText:
      'Was es bisher gemeldet hat, sehen Sie dann nicht mehr, und um es wieder zu verbinden, braucht es einen neuen Code.',
    giveUpSure: 'Ja, trennen',
    keep: 'Behalten',
    code: 'Code eines Geräts',
    codeHint: 'Auf seinem Aufkleber oder seiner Anzeige; oder den QR-Code mit der Kamera scannen.',
    add: 'Verbinden',
    linked: '{{device}} ist jetzt mit Ihnen verbunden.',
    tooMany: 'Zu viele Versuche. Warten Sie eine Minute und versuchen Sie es noch einmal.',
    wrongCode:
      'Dieser Code gilt nicht, oder nicht mehr. Prüfen Sie ihn, oder lassen Sie das Gerät einen neuen zeigen.',
  },
  claim: {
    title: 'Dieses Gerät verbinden?',
    text: 'Sie haben einen Link mit diesem Code geöffnet. Was das Gerät meldet, zählt dann als Ihres, und Angebote dürfen darauf beruhen, wo Sie einwilligen.',
    onlyOwn: 'Stimmen Sie nur zu, wenn dieser Code auf Ihrem Gerät steht.',
    account: 'Das Gerät wird mit {{account}} verbunden. Sind Sie das nicht? Dann melden Sie sich zuerst ab.',
    yes: 'Gerät verbinden',
    no: 'Jetzt nicht',
  },
  fewer: {
    title: 'Weniger davon',
    intro: 'Wovon Sie weniger sehen wollten.',
    level1: 'Höchstens einmal in der Woche',
    level2: 'Nichts',
    undo: 'Rückgängig',
    undoNamed: 'Rückgängig für {{rule}}',
  },
  look: {
    title: 'Sprache und Aussehen',
    language: 'Sprache',
    theme: 'Farben',
    auto: 'System',
    light: 'Hell',
    dark: 'Dunkel',
  },
};

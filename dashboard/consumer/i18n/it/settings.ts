import type { settings as english } from '../en/settings.ts';
import type { Translated } from '../translated.ts';

export const settings: Translated<typeof english> = {
  title: 'Impostazioni',
  notSaved: 'Non è stato salvato. Quello che vedi è ciò che vale.',
  push: {
    label: 'Offerte in questo browser',
    on: {
      title: 'Le offerte sono attive in questo browser',
      text: 'Arrivano come notifiche, anche quando questa pagina è chiusa.',
    },
    ready: {
      title: 'Questo browser è pronto',
      text: 'Non hai ancora dato alcun consenso: scegli che cosa vuoi.',
      choose: 'Scegli i consensi',
    },
    off: {
      title: 'Le offerte non sono attive in questo browser',
      text: 'Attivale, e il browser chiede se può mostrare notifiche. Puoi fermarle con un tocco, su ogni notifica.',
    },
    denied: {
      title: 'Le notifiche sono bloccate',
      text: 'Questo browser non deve mostrarne da questa pagina. Apri le impostazioni del sito, a sinistra dell’indirizzo, consenti le notifiche e ricarica la pagina.',
    },
    homeScreen: {
      title: 'Prima metti l’app nella schermata Home',
      text: 'Su iPhone e iPad solo le app nella schermata Home possono inviare notifiche: tocca Condividi, poi “Aggiungi alla schermata Home”, e apri Wayside da lì.',
    },
    unsupported: {
      title: 'Questo browser non può mostrare notifiche',
      text: 'Non le supporta, o non in una finestra privata. Le tue offerte sono comunque elencate qui.',
    },
    turnOn: 'Attiva le offerte',
    turnOff: 'Disattiva qui',
    failed: 'Non ha funzionato. Riprova tra un momento.',
    noService:
      'Il servizio push di questo browser non è raggiungibile; alcune reti e alcuni browser lo bloccano. Riprova più tardi o con un altro browser.',
    undecided: 'Il browser non ha ancora chiesto, o hai chiuso la sua domanda. Riprova quando vuoi.',
  },
  install: {
    title: 'Wayside a portata di mano',
    text: 'Installala come app: si apre dalla schermata Home e le tue offerte ci sono anche offline.',
    button: 'Installa',
  },
  purposes: {
    title: 'A che cosa acconsenti',
    intro: 'Per le offerte si usa solo ciò che qui è attivo. Puoi cambiarlo in ogni momento.',
    since: 'Consenso del {{when}}, versione {{version}}',
    names: {
      location_offers: 'Offerte vicino ai luoghi',
      device_offers: 'Offerte dai tuoi dispositivi',
      health_offers: 'Offerte sulla salute',
    },
    outdated: 'Non hai ancora visto questo testo. Il tuo consenso vale comunque; leggilo, per favore.',
    renew: 'Acconsenti a questo testo',
  },
  quiet: {
    title: 'Ore di silenzio',
    off: 'Disattivate: un’offerta può arrivare a ogni ora.',
    on: 'Nessuna offerta tra questi orari, {{zone}}.',
    ofPlace: 'secondo l’ora del luogo dell’offerta',
    here: 'Usa l’ora di {{zone}}',
    from: 'Dalle',
    to: 'Alle',
  },
  devices: {
    title: 'I tuoi dispositivi',
    none: 'Nessun dispositivo è collegato a te.',
    giveUp: 'Scollega',
    giveUpNamed: 'Scollega {{device}}',
    giveUpText: 'Non vedrai più ciò che ha comunicato finora, e per ricollegarlo servirà un nuovo codice.',
    giveUpSure: 'Scollegalo',
    keep: 'Tienilo',
    code: 'Codice di un dispositivo',
    codeHint: 'Sull’etichetta o sul display; oppure inquadra il codice QR con la fotocamera.',
    add: 'Collega',
    linked: '{{device}} ora è collegato a te.',
    tooMany: 'Troppi tentativi. Aspetta un minuto e riprova.',
    wrongCode:
      'Questo codice non è valido, o non lo è più. Controllalo, o fanne mostrare uno nuovo al dispositivo.',
  },
  claim: {
    title: 'Collegare questo dispositivo?',
    text: 'Hai aperto un link con questo codice. Ciò che il dispositivo comunica conta allora come tuo, e le offerte possono basarsi su di esso dove acconsenti.',
    onlyOwn: 'Accetta solo se questo codice si trova sul tuo dispositivo.',
    account: 'Il dispositivo sarà collegato a {{account}}. Non sei tu? Allora esci prima.',
    yes: 'Collega il dispositivo',
    no: 'Non ora',
  },
  fewer: {
    title: 'Meno di queste',
    intro: 'Ciò di cui hai chiesto di vedere meno.',
    level1: 'Al massimo una volta a settimana',
    level2: 'Nessuna',
    undo: 'Annulla',
    undoNamed: 'Annulla per {{rule}}',
  },
  look: {
    title: 'Lingua e aspetto',
    language: 'Lingua',
    theme: 'Tema',
    auto: 'Sistema',
    light: 'Chiaro',
    dark: 'Scuro',
  },
};

import type { offers as english } from '../en/offers.ts';
import type { Translated } from '../translated.ts';

export const offers: Translated<typeof english> = {
  title: 'Le tue offerte',
  older: 'Mostra le precedenti',
  code: 'Con codice',
  notSent: 'Che cosa non hai ricevuto, e perché',
  empty: {
    title: 'Non è ancora arrivata nessuna offerta',
    text: 'Quelle che arrivano restano elencate qui. Sono poche: arrivano quando sono adatte a te.',
    steps: 'Che cosa serve',
    agree: 'Acconsentire a ciò su cui si basano le offerte',
    device: 'Collegare un dispositivo, per esempio l’auto',
    push: 'Attivare le offerte in questo browser',
    done: 'Fatto',
    open: 'Da fare',
  },
  state: {
    left: 'ancora {{time}}',
    ended: 'Scaduta',
    redeemed: 'Usata',
    withdrawn: 'Ritirata',
  },
  offer: {
    back: 'Tutte le offerte',
    toShop: 'Vai all’offerta',
    endsAt: 'Valida fino a: {{when}}',
    endedAt: 'Scaduta: {{when}}',
    redeemedText: 'Questo codice è stato usato.',
    withdrawnText: 'Questa offerta è stata ritirata e non è più valida.',
    received: 'Ricevuta: {{when}}',
    codeTitle: 'Il tuo codice',
    codeHint: 'Mostralo alla cassa o digitalo. Vale una volta sola.',
    copy: 'Copia il codice',
    copied: 'Copiato',
    copyFailed: 'Questo browser non permette alle pagine di copiare. Seleziona il codice a mano.',
    qr: 'Il codice {{code}} come codice QR',
  },
  fewer: {
    title: 'Non fa per te?',
    once: 'Meno offerte così',
    again: 'Nessuna offerta così',
    level1: 'D’ora in poi ricevi offerte così al massimo una volta a settimana.',
    level2: 'Non ricevi più offerte così.',
    undo: 'Cambia nelle impostazioni',
  },
};

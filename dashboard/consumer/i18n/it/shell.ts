import type { shell as english } from '../en/shell.ts';
import type { Translated } from '../translated.ts';

export const shell: Translated<typeof english> = {
  documentTitle: '{{page}} · Wayside',
  nav: {
    label: 'Pagine',
    offers: 'Offerte',
    data: 'I miei dati',
    settings: 'Impostazioni',
    access: 'Accesso',
  },
  skip: 'Vai al contenuto',
  loading: 'Caricamento',
  retry: 'Riprova',
  offline: 'Sei offline. Quello che vedi risale a: {{when}}.',
  unreachable: 'Wayside non è raggiungibile in questo momento. Quello che vedi risale a: {{when}}.',
  failure: {
    unreachable: { title: 'Wayside non è raggiungibile', mend: 'Controlla la connessione e riprova.' },
    busy: { title: 'Troppe richieste in una volta', mend: 'Aspetta un momento e riprova.' },
    gone: { title: 'Non c’è più', mend: 'Forse è stato rimosso in un altro browser.' },
    other: { title: 'Non ha funzionato', mend: 'Riprova tra un momento.' },
  },
  notFound: {
    title: 'Qui non c’è niente',
    text: 'Questo indirizzo non porta a nessuna pagina dell’app.',
    home: 'Alle tue offerte',
  },
  stop: {
    button: 'Ferma tutto',
    meaning: 'Revoca subito tutti i tuoi consensi e ferma le offerte in tutti i tuoi browser.',
    doneTitle: 'È tutto fermo.',
    doneText:
      'Non hai più dato alcun consenso e nessun browser riceve offerte. Nelle impostazioni puoi riattivare quello che vuoi.',
  },
};

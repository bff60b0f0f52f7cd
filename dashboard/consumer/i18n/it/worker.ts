import type { worker as english } from '../en/worker.ts';
import type { Translated } from '../translated.ts';

export const worker: Translated<typeof english> = {
  open: 'Apri',
  stop: 'Ferma tutto',
  stoppedTitle: 'È tutto fermo',
  stoppedText: 'Non hai più dato alcun consenso e nessun browser riceve offerte.',
  stoppingTitle: 'Le offerte sono ferme qui',
  stoppingText: 'Appena questo dispositivo è di nuovo online, si ferma anche tutto il resto.',
};

import type { worker as english } from '../en/worker.ts';
import type { Translated } from '../translated.ts';

export const worker: Translated<typeof english> = {
  open: 'Öffnen',
  stop: 'Alles stoppen',
  stoppedTitle: 'Alles ist gestoppt',
  stoppedText: 'Sie willigen in nichts mehr ein, und kein Browser erhält Angebote.',
  stoppingTitle: 'Angebote sind hier gestoppt',
  stoppingText: 'Sobald dieses Gerät wieder online ist, wird auch alles andere gestoppt.',
};

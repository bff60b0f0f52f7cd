/** What notifications say beside the offer; the worker has all languages, for it cannot fetch one while offline. */
export const worker = {
  open: 'Open',
  stop: 'Stop everything',
  stoppedTitle: 'Everything is stopped',
  stoppedText: 'You agree to nothing any more, and no browser receives offers.',
  stoppingTitle: 'Offers are stopped here',
  stoppingText: 'As soon as this device is online again, everything else is stopped too.',
} as const;

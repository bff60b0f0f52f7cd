import { type DestinationStream, type Logger, pino } from 'pino';

/**
 * Makes the gateway's logger: one JSON line an event that an operator acts on, to `destination` (standard output by
 * default). Fields that could hold a secret are blanked wherever they turn up.
 */
export function createLog(destination?: DestinationStream): Logger {
  const options = {
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: {
      paths: [
        'token',
        '*.token',
        'password',
        '*.password',
        'headers.authorization',
        'headers.cookie',
        '*.p256dh',
        '*.auth',
      ],
      censor: '(secret)',
    },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

import type { Logger } from 'pino';
import type { DialectRequest } from '../../broker/codecs/codec.ts';
import type { ToDevice } from '../bridge/to-device.ts';
import type { Downlink } from './downlink.ts';

export interface DialectAnswering {
  readonly toDevice: ToDevice;
  readonly downlink: Pick<Downlink, 'presenceReported'>;
  readonly log: Pick<Logger, 'warn'>;
}

/** Does what dialects ask for: a rebirth that is lost on its way is asked for again, so nothing is waited for. */
export function answerDialects(
  requests: readonly DialectRequest[],
  { toDevice, downlink, log }: DialectAnswering,
): void {
  for (const request of requests) {
    switch (request.kind) {
      case 'send':
        toDevice(request.deviceId, request.topic, request.payload).catch((err: unknown) =>
          log.warn({ err, device: request.deviceId }, 'a device could not be asked in its dialect'),
        );
        break;
      case 'presence':
        downlink.presenceReported(request.deviceId, request.state);
    }
  }
}

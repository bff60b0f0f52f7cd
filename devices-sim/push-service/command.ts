import { type Command, InvalidArgumentError } from 'commander';
import { portNumber } from '../option-values.ts';
import { untilStopped } from '../until-stopped.ts';
import { type PushFault, parseFaults } from './push-faults.ts';
import { createPushService, type PushEvent } from './push-service.ts';

interface Settings {
  readonly host: string;
  readonly port: number;
  readonly json: boolean;
  readonly misbehave: readonly (PushFault | null)[];
}

/** Adds `push-service`: the stand-in browser push service, until Ctrl-C. */
export function addPushServiceCommand(program: Command): void {
  program
    .command('push-service')
    .summary('a stand-in browser push service, for tests without the internet')
    .description(
      'A stand-in browser push service: RFC 8030 over HTTP, and the WebSocket side that Firefox speaks. Prints each message that it is given.',
    )
    .option('--host <host>', 'address to listen on', '127.0.0.1')
    .option('--port <port>', 'port to listen on; 0 takes a free one', portNumber, 8090)
    .option('--json', 'one line of JSON for everything that happens', false)
    .option(
      '--misbehave <list>',
      'what to do wrong, POST by POST in turn: ok, hang, reset, slow-headers, slow-body, oversize, or a status such as 429',
      faultList,
      [],
    )
    .action(async ({ host, port, json, misbehave }: Settings) => {
      const tell = (event: PushEvent): void => console.log(json ? JSON.stringify(event) : lineOf(event));
      const service = createPushService({ host, port, now: Date.now, onEvent: tell });
      service.faults.repeat(misbehave);
      const { origin, webSocketUrl } = await service.start().catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EADDRINUSE') throw error;
        return program.error(`port ${port} is taken: choose another one, or 0 for a free one`);
      });
      if (!json) {
        console.log(`Start the gateway with WAYSIDE_PUSH_HOSTS=${origin}`);
        console.log(`Start Firefox with dom.push.serverURL=${webSocketUrl}`);
      }
      await untilStopped();
      await service.stop();
    });
}

function faultList(text: string): readonly (PushFault | null)[] {
  const faults = parseFaults(text);
  if (faults === null) throw new InvalidArgumentError('See --help for what the list may hold.');
  return faults;
}

function lineOf(event: PushEvent): string {
  switch (event.kind) {
    case 'listening':
      return `push service on port ${event.port}`;
    case 'registered':
      return `subscribed  ${event.endpoint}`;
    case 'message':
      return `message     ${event.id}, ${event.bytes} bytes, kept for ${event.ttlSeconds} s, urgency ${event.urgency}`;
    case 'refused':
      return `refused     ${event.status}: ${event.reason}`;
    case 'misbehaved':
      return `misbehaved  ${event.fault}`;
    case 'broken':
      return `broken off  ${event.reason}`;
    case 'acked':
      return `${event.code === 100 ? 'delivered   ' : 'not readable'} ${event.id}`;
  }
}

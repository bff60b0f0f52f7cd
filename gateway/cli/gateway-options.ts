import { resolve } from 'node:path';
import { InvalidArgumentError, Option } from 'commander';
import { loadConfig } from '../config.ts';
import type { CommandIo } from './command-io.ts';

const DEFAULT_HTTP_PORT = '8080';

export function urlOption(description: string): Option {
  return new Option('--url <url>', description).argParser(httpUrl);
}

export function tokenOption(description = 'bearer token for the gateway'): Option {
  return new Option('--token <token>', description).env('WAYSIDE_ADMIN_TOKEN');
}

export function dataDirOption(description = 'the data directory'): Option {
  return new Option('--data-dir <dir>', `${description} (default: WAYSIDE_DATA_DIR, or ./data)`);
}

/** Where a gateway with these settings is reached from its own machine. */
export function localGateway(env: CommandIo['env']): string {
  const port = env.WAYSIDE_HTTP_PORT?.trim() ?? '';
  return `http://localhost:${/^[1-9]\d*$/.test(port) ? port : DEFAULT_HTTP_PORT}`;
}

/**
 * The data directory that is meant. A path that somebody typed begins where they are, one of the settings where the gateway begins.
 *
 * @throws WaysideError `bad_settings`
 */
export function dataDirOf(typed: string | undefined, { cwd, env }: Pick<CommandIo, 'cwd' | 'env'>): string {
  return typed === undefined ? resolve(loadConfig(env).dataDir) : resolve(cwd, typed);
}

function httpUrl(text: string): string {
  const protocol = URL.parse(text)?.protocol;
  if (protocol === 'http:' || protocol === 'https:') return text;
  throw new InvalidArgumentError('An address that begins with http:// or https:// is needed.');
}

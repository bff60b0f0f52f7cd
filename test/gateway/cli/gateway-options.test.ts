import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { dataDirOf, localGateway } from '../../../gateway/cli/gateway-options.ts';

it('takes a typed data directory from where somebody is, and one of the settings as the gateway does', () => {
  const where = { cwd: '/home/ada', env: { WAYSIDE_DATA_DIR: 'kept' } };
  expect(dataDirOf('backup', where)).toBe('/home/ada/backup');
  expect(dataDirOf('/srv/wayside', where)).toBe('/srv/wayside');
  expect(dataDirOf(undefined, where)).toBe(resolve('kept'));
  expect(dataDirOf(undefined, { ...where, env: {} })).toBe(resolve('data'));
});

it('finds the gateway of the same settings', () => {
  expect(localGateway({ WAYSIDE_HTTP_PORT: '9090' })).toBe('http://localhost:9090');
  // Any free port: which one it took is not known here.
  for (const WAYSIDE_HTTP_PORT of [undefined, '', '0', 'x'])
    expect(localGateway({ WAYSIDE_HTTP_PORT })).toBe('http://localhost:8080');
});

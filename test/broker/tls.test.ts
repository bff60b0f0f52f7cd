import { once } from 'node:events';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { IClientOptions } from 'mqtt';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { hashToken } from '../../broker/credentials.ts';
import {
  hasOpenssl,
  selfSignedCertificate,
  type TestAuthority,
  testAuthority,
} from '../support/self-signed.ts';
import {
  closed,
  connected,
  type RunningBroker,
  refusalOf,
  runBroker,
  TOKEN,
  until,
} from './running-broker.ts';

const withOpenssl = await hasOpenssl();
const HASH = hashToken(TOKEN);

describe.skipIf(!withOpenssl)(`MQTT over TLS${withOpenssl ? '' : ' (skipped: openssl is not there)'}`, () => {
  let dir: string;
  let server: { key: string; cert: string };
  let authority: TestAuthority;
  let running: RunningBroker;
  const files = () => ({
    certFile: join(dir, 'cert.pem'),
    keyFile: join(dir, 'key.pem'),
    caFile: join(dir, 'ca.pem'),
  });

  beforeAll(async () => {
    server = await selfSignedCertificate();
    authority = await testAuthority();
  });
  afterEach(async () => {
    await running.stop();
    await rm(dir, { recursive: true });
  });

  /** @param mutual whether client certificates are taken */
  async function start(mutual: boolean): Promise<void> {
    dir = await mkdtemp(join(tmpdir(), 'wayside-mqtts-'));
    await writeFile(files().certFile, server.cert);
    await writeFile(files().keyFile, server.key);
    await writeFile(files().caFile, authority.ca);
    running = await runBroker(
      {},
      {
        tls: { port: 0, ...files(), ...(!mutual && { caFile: null }) },
        findUser: async (id) => {
          if (id === 'grafana')
            return { principal: { kind: 'service', id, publish: [], subscribe: ['#'] }, tokenHashes: [HASH] };
          return ['a', 'b'].includes(id) ? { principal: { kind: 'device', id }, tokenHashes: [HASH] } : null;
        },
      },
    );
  }

  const connect = (options: IClientOptions = {}) =>
    running.connect({
      url: `mqtts://127.0.0.1:${running.mqttsPort}`,
      ca: server.cert,
      ...options,
    });
  /** Without user name and password. */
  const NOBODY = { username: undefined, password: undefined } as unknown as IClientOptions;

  async function rawTls(options: object = {}): Promise<TLSSocket> {
    const socket = connectTls({
      host: '127.0.0.1',
      port: running.mqttsPort ?? 0,
      ca: server.cert,
      ...options,
    });
    socket.on('error', () => undefined);
    await new Promise<void>((resolve) => {
      socket.once('secureConnect', resolve).once('close', () => resolve());
    });
    return socket;
  }

  it('lets devices in by token, and keeps what they say', async () => {
    await start(false);
    const client = connect();
    await connected(client);
    await client.publishAsync('devices/a/telemetry', '{"event":"x"}', { qos: 1 });
    expect(running.accepted[0]).toMatchObject({ userId: 'a', qos: 1 });
    expect(await refusalOf(connect({ password: 'wrong', clientId: 'other' }))).toBe(5);
  });

  it('speaks TLS 1.2 and 1.3, and nothing older', async () => {
    await start(false);
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const socket = await rawTls({ minVersion: version, maxVersion: version });
      expect(socket.getProtocol()).toBe(version);
      socket.destroy();
    }
    const old = await rawTls({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' });
    expect(old.authorized).toBe(false);
    expect(old.destroyed).toBe(true);
    const plain = await running.raw(running.mqttsPort ?? 0);
    plain.write('this is no TLS');
    await once(plain, 'close');
    await connected(connect());
  });

  it('takes the common name of a client certificate for the device id, without a password', async () => {
    await start(true);
    const certificate = await authority.clientCertificate('a');
    const client = connect({ ...certificate, ...NOBODY });
    await connected(client);
    await client.publishAsync('devices/a/telemetry', '{}', { qos: 1 });
    expect(running.accepted[0]?.userId).toBe('a');
    await connected(connect({ ...certificate, clientId: 'named', username: 'a', password: 'whatever' }));
    expect(await refusalOf(connect({ ...certificate, clientId: 'other', username: 'b' }))).toBe(5);
  });

  it('refuses certificates that name no device, and of other authorities', async () => {
    await start(true);
    for (const name of ['nobody', 'grafana', 'not an id']) {
      const certificate = await authority.clientCertificate(name);
      expect([name, await refusalOf(connect({ ...certificate, ...NOBODY }))]).toEqual([name, 5]);
    }
    const stranger = await (await testAuthority()).clientCertificate('a');
    expect(await refusalOf(connect({ ...stranger }))).not.toBe('let in');
    await until('it was said why', () =>
      running.log.some(({ message }) => message === 'client certificate refused'),
    );
  });

  it('lets in by password who has no certificate', async () => {
    await start(true);
    await connected(connect());
    expect(await refusalOf(connect({ ...NOBODY, clientId: 'other' }))).toBe(5);
  });

  it('disconnects a device whose certificate let it in', async () => {
    await start(true);
    const client = connect({ ...(await authority.clientCertificate('a')), ...NOBODY });
    await connected(client);
    const gone = closed(client);
    running.broker.disconnect('a');
    await gone;
  });

  it('takes up new files while connections go on, and keeps the old ones where the new are of no use', async () => {
    await start(false);
    const before = connect();
    await connected(before);
    const fingerprint = async () => {
      const socket = await rawTls({ rejectUnauthorized: false });
      const found = socket.getPeerCertificate().fingerprint256;
      socket.destroy();
      return found;
    };
    const old = await fingerprint();
    const replaceBy = async (cert: string, key: string) => {
      for (const [file, content] of [
        [files().certFile, cert],
        [files().keyFile, key],
      ] as const) {
        await writeFile(`${file}.new`, content);
        await rename(`${file}.new`, file);
      }
    };
    await replaceBy('no certificate', server.key);
    await until('the broken file was noticed', () =>
      running.log.some(({ level, message }) => level === 'error' && message.includes('old one stays')),
    );
    expect(await fingerprint()).toBe(old);
    const renewed = await selfSignedCertificate();
    await replaceBy(renewed.cert, renewed.key);
    await until('the new one was taken up', () =>
      running.log.some(({ message }) => message.includes('took up')),
    );
    expect(await fingerprint()).not.toBe(old);
    expect(before.connected).toBe(true);
    await before.publishAsync('devices/a/telemetry', '{}', { qos: 1 });
    expect(JSON.stringify(running.log)).not.toContain('PRIVATE KEY');
  });
});

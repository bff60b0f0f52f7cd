import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Whether `openssl` is there to make certificates with. */
export async function hasOpenssl(): Promise<boolean> {
  return run('openssl', ['version']).then(
    () => true,
    () => false,
  );
}

/** A new key and a certificate for 127.0.0.1 and localhost that is good for a day, signed by itself. PEM. */
export async function selfSignedCertificate(): Promise<{ readonly key: string; readonly cert: string }> {
  const dir = await mkdtemp(join(tmpdir(), 'wayside-tls-'));
  try {
    const [keyFile, certFile] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
    const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'];
    await run('openssl', [
      'req',
      '-x509',
      ...curve,
      '-nodes',
      '-days',
      '1',
      ...names,
      '-keyout',
      keyFile,
      '-out',
      certFile,
    ]);
    return { key: await readFile(keyFile, 'utf8'), cert: await readFile(certFile, 'utf8') };
  } finally {
    await rm(dir, { recursive: true });
  }
}

/** A certificate authority of one's own, which lives as long as the test. */
export interface TestAuthority {
  /** PEM. */
  readonly ca: string;
  /** A client certificate for this common name, signed by it. PEM. */
  clientCertificate(commonName: string): Promise<{ readonly key: string; readonly cert: string }>;
}

/** Makes an authority that signs client certificates, good for a day. */
export async function testAuthority(): Promise<TestAuthority> {
  const { key: caKey, cert: ca } = await inTempDir(async (dir) => {
    await openssl(dir, [
      'req',
      '-x509',
      ...NEW_KEY,
      '-days',
      '1',
      '-subj',
      '/CN=Test authority',
      '-keyout',
      'key.pem',
      '-out',
      'cert.pem',
    ]);
    return pair(dir);
  });
  return {
    ca,
    clientCertificate: (commonName) =>
      inTempDir(async (dir) => {
        await writeFile(join(dir, 'ca-key.pem'), caKey);
        await writeFile(join(dir, 'ca.pem'), ca);
        await openssl(dir, [
          'req',
          ...NEW_KEY,
          '-subj',
          `/CN=${commonName}`,
          '-keyout',
          'key.pem',
          '-out',
          'request.pem',
        ]);
        await openssl(dir, [
          'x509',
          '-req',
          '-in',
          'request.pem',
          '-CA',
          'ca.pem',
          '-CAkey',
          'ca-key.pem',
          '-CAcreateserial',
          '-days',
          '1',
          '-out',
          'cert.pem',
        ]);
        return pair(dir);
      }),
  };
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

async function inTempDir<T>(work: (dir: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'wayside-tls-'));
  try {
    return await work(dir);
  } finally {
    await rm(dir, { recursive: true });
  }
}

async function openssl(dir: string, args: readonly string[]): Promise<void> {
  await run('openssl', [...args], { cwd: dir });
}

async function pair(dir: string): Promise<{ readonly key: string; readonly cert: string }> {
  return {
    key: await readFile(join(dir, 'key.pem'), 'utf8'),
    cert: await readFile(join(dir, 'cert.pem'), 'utf8'),
  };
}

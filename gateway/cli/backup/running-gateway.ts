import { stat } from 'node:fs/promises';
import type { BackupReport } from '../../backup/backups.ts';
import { readManifest } from '../../backup/manifest.ts';
import { moveBackup } from '../../backup/move-backup.ts';
import { ERRORS, type ErrorCode, WaysideError } from '../../errors.ts';
import { MIGRATION_NAMES } from '../../records/migrate.ts';
import { Unusable } from '../command-io.ts';
import { createGatewayClient, type GatewayAnswer, problemText } from '../gateway-client.ts';
import type { BackupMade } from './backup-made.ts';

/** Has a running gateway copy its data directory, and takes the copy to where it is to be. */
export async function backUpRunning(
  asked: { readonly url: string; readonly token: string | null; readonly target: string },
  told: (doneBytes: number, totalBytes: number) => void,
): Promise<BackupMade> {
  const client = createGatewayClient(asked.url, asked.token);
  let report = reportOf(await client.call('POST', '/api/v1/backups'));
  while (report.state === 'running') {
    told(report.doneBytes, report.totalBytes);
    report = reportOf(await client.call('GET', `/api/v1/backups/${report.name}?wait=PT1S`));
  }
  if (report.error !== undefined) throw errorOf(report.error.code, report.error.detail);
  const isHere = await stat(report.path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isHere)
    throw new Unusable(
      `the backup is made, and can not be reached from here: it lies in ${report.path} on the machine of the gateway`,
    );
  // What is moved is checked as it is copied.
  const manifest = await readManifest(report.path, MIGRATION_NAMES);
  await moveBackup(report.path, asked.target, manifest, told);
  return {
    path: asked.target,
    files: manifest.files.length,
    bytes: manifest.files.reduce((sum, { bytes }) => sum + bytes, 0),
    createdAt: manifest.createdAt,
    telemetry: manifest.telemetry,
  };
}

function reportOf(answer: GatewayAnswer): BackupReport {
  if (answer.status === 200 || answer.status === 202) return answer.body as BackupReport;
  const { code, detail } = (answer.body ?? {}) as { code?: unknown; detail?: unknown };
  if (typeof code === 'string' && typeof detail === 'string') throw errorOf(code, detail);
  throw new Unusable(problemText(answer));
}

function errorOf(code: string, detail: string): Error {
  return code in ERRORS ? new WaysideError(code as ErrorCode, detail) : new Unusable(`${detail} (${code})`);
}

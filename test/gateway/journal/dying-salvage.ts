import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { DatabaseSync } from 'node:sqlite';

/**
 * Opens the journal that the first argument names, and kills itself with SIGKILL before the nth change on the disk, n being the
 * second argument, counted from 1.
 */
const [file = '', dieAt = ''] = process.argv.slice(2);
let changes = 0;

function beforeChange(): void {
  changes += 1;
  if (changes !== Number(dieAt)) return;
  process.kill(process.pid, 'SIGKILL');
  // The signal takes a moment; nothing may be written in it.
  for (;;);
}

type Call = (...values: never[]) => unknown;

function dyingBefore(call: Call): Call {
  return function (this: unknown, ...values) {
    beforeChange();
    return Reflect.apply(call, this, values);
  };
}

const { rmSync } = fs;
Object.assign(fs, {
  linkSync: dyingBefore(fs.linkSync),
  renameSync: dyingBefore(fs.renameSync),
  fsyncSync: dyingBefore(fs.fsyncSync),
  rmSync: (path: string, options?: fs.RmOptions) => {
    if (fs.existsSync(path)) beforeChange();
    rmSync(path, options);
  },
});
syncBuiltinESMExports();
Object.assign(DatabaseSync.prototype, {
  exec: dyingBefore(DatabaseSync.prototype.exec),
  close: dyingBefore(DatabaseSync.prototype.close),
});

const { openSalvaging } = await import('../../../gateway/journal/salvage.ts');
openSalvaging(file).database.close();

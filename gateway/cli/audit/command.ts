import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import { chainSource } from '../../audit/chain-source.ts';
import { type VerifiedChain, verifyChain } from '../../audit/verify.ts';
import { ERRORS, WaysideError } from '../../errors.ts';
import { openRecordsToRead } from '../../records/open.ts';
import { EXIT, runProgram, type StoppableIo, tellError, Unusable } from '../command-io.ts';
import { dataDirOf, dataDirOption } from '../gateway-options.ts';

/** What takes longer says how far it is, as often. */
const TELL_EVERY_MS = 2_000;

interface Options {
  readonly dataDir?: string;
  readonly expect?: string;
  readonly json: boolean;
}

type Records = ReturnType<typeof openRecordsToRead>;

/** Carries out `verify` or `head` and gives the exit code. @param args without node and script */
export async function runAuditCommand(args: readonly string[], io: StoppableIo): Promise<number> {
  let exitCode: number = EXIT.fine;
  const run = (work: (db: Records, options: Options, io: StoppableIo) => Promise<number>) => {
    return async (options: Options) => {
      exitCode = await onRecords(io, options, (db) => work(db, options, io));
    };
  };
  const program = new Command()
    .name('npm run audit --')
    .description(
      'The audit log: who saw or changed what about whom. Each entry is hashed together with the one before, so that nobody changes it unnoticed.',
    )
    .addHelpText('after', MORE_HELP);
  const dataDir = () => dataDirOption('data directory of the gateway, or a backup');
  program
    .command('verify')
    .description('Goes through all entries and names the first that is broken, and how.')
    .addOption(dataDir())
    .addOption(
      new Option(
        '--expect <hash>',
        'a hash that `head` gave before: tells whether the end was cut off',
      ).argParser(hashText),
    )
    .option('--json', 'the result as one JSON document', false)
    .action(run(verify));
  program
    .command('head')
    .description('Gives the hash of the newest entry. Keep it elsewhere, and verify with --expect later.')
    .addOption(dataDir())
    .option('--json', 'as one JSON document', false)
    .action(run(head));
  return runProgram(program, args, io, () => exitCode);
}

const MORE_HELP = `
The file is only read, while the gateway runs or not.

Exit codes: 0 whole, 1 broken, 2 not found or not readable.`;

async function onRecords(
  io: StoppableIo,
  options: Options,
  work: (db: Records) => Promise<number>,
): Promise<number> {
  try {
    const dir = dataDirOf(options.dataDir, io);
    const file = join(dir, 'wayside.db');
    if (!existsSync(file))
      throw new Unusable(`there is no gateway's data in ${dir}; --data-dir says where it is`);
    const db = openRecordsToRead(file);
    try {
      return await work(db);
    } finally {
      await db.destroy();
    }
  } catch (error) {
    if (io.stopped.aborted) return EXIT.stopped;
    return tellError(unusable(error), options.json, io);
  }
}

/** Code 1 says that the log is broken: that nothing could be verified has another. */
function unusable(error: unknown): unknown {
  if (error instanceof WaysideError)
    return new Unusable(`${ERRORS[error.code].title}: ${error.detail}. ${ERRORS[error.code].mend}`);
  if (error instanceof Error && /no such (column|table)/.test(error.message))
    return new Unusable(
      'The records are of an earlier version, whose audit log is no chain yet. Start the gateway once: it brings them up to date.',
    );
  return error;
}

async function verify(db: Records, options: Options, io: StoppableIo): Promise<number> {
  let toldAt = io.now();
  const result = await verifyChain(chainSource(db), {
    expect: options.expect,
    stopped: io.stopped,
    progressed: async (entries) => {
      // Else no signal would get through.
      await setImmediate();
      if (io.now() - toldAt < TELL_EVERY_MS) return;
      toldAt = io.now();
      io.err(`${entries.toLocaleString('en')} entries …`);
    },
  });
  if (options.json) io.out(JSON.stringify({ whole: result.broken === null, ...result }, null, 2));
  else for (const line of resultLines(result)) io.out(line);
  return result.broken === null ? EXIT.fine : EXIT.refused;
}

function resultLines({ entries, head, broken }: VerifiedChain): readonly string[] {
  const counted = entries === 1 ? '1 entry' : `${entries.toLocaleString('en')} entries`;
  if (broken === null) {
    return [
      head === null ? 'The audit log is empty.' : `${counted}, all whole.`,
      ...(head === null ? [] : [head.hash]),
    ];
  }
  const where = broken.id === null ? '' : ` at entry ${broken.id}`;
  return [
    `BROKEN${where}, ${broken.kind}: ${broken.detail}.`,
    `${counted} before it ${entries === 1 ? 'is' : 'are'} whole.`,
  ];
}

async function head(db: Records, options: Options, io: StoppableIo): Promise<number> {
  const last = await db
    .selectFrom('audit')
    .select(['id', 'at', 'hash'])
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (options.json) io.out(JSON.stringify(last ?? null));
  else io.out(last === undefined ? 'The audit log is empty.' : last.hash);
  return EXIT.fine;
}

function hashText(text: string): string {
  if (!/^[0-9a-f]{64}$/i.test(text)) throw new InvalidArgumentError('A hash is 64 hex digits.');
  return text.toLowerCase();
}

import { resolve } from 'node:path';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { createGatewayClient, GatewayUnreachable } from '../gateway-client.ts';
import { type ApplyOutcome, callApply, type Expected, GatewayRefused } from './apply-call.ts';
import { checkOffline } from './check-offline.ts';
import { readExpected } from './plan-file.ts';
import { type FileProblem, type RuleFolder, readRuleFolder } from './rule-files.ts';
import { changeLines, inOrder, type Paint, problemLines } from './tell.ts';

export const EXIT = { fine: 0, problems: 1, unusable: 2 } as const;

/** What the command has of its surroundings. */
export interface CommandIo {
  /** Where relative paths begin. */
  readonly cwd: string;
  /** The gateway where none is named. */
  readonly defaultUrl: string;
  out(line: string): void;
  err(line: string): void;
  readonly paint: Paint;
}

interface Options {
  readonly url?: string;
  readonly token?: string;
  readonly json: boolean;
  readonly prune: boolean;
  readonly plan?: string;
}

/** It can't be done at all: nothing to read, or a wrong way of calling it. */
class Unusable extends Error {}

/** Carries out `check`, `diff` or `apply` and gives the exit code. @param args without node and script */
export async function runRulesCommand(args: readonly string[], io: CommandIo): Promise<number> {
  let exitCode: number = EXIT.fine;
  const run = (work: (folder: string, options: Options) => Promise<Told>) => {
    return async (folder: string, options: Options) => {
      exitCode = await told(io, options.json, () => work(resolve(io.cwd, folder), options));
    };
  };
  const program = new Command()
    .name('npm run rules --')
    .description(
      'Rules that are kept as YAML or JSON files, one rule a document: checked, compared and applied.',
    )
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.out(text.trimEnd()),
      writeErr: (text) => io.err(text.trimEnd()),
    })
    .showHelpAfterError('(add --help for the options)')
    .addHelpText('after', EXIT_HELP);
  program
    .command('check')
    .description('Checks every rule of a folder and tells all problems of all files, with file and line.')
    .argument('<dir>', DIR_HELP)
    .option(
      '--url <url>',
      'check against this gateway; without it places, tags and own device types are not looked up',
      httpUrl,
    )
    .addOption(tokenOption())
    .option('--json', 'the result as one JSON document', false)
    .action(run((folder, options) => check(io, folder, options)));
  for (const [name, description] of [
    ['diff', 'Tells what `apply` would change, rule by rule.'],
    ['apply', 'Applies the rules of a folder, all or none. Only rules that changed get a new version.'],
  ] as const) {
    const command = program
      .command(name)
      .description(description)
      .argument('<dir>', DIR_HELP)
      .addOption(new Option('--url <url>', 'the gateway').argParser(httpUrl).default(io.defaultUrl))
      .addOption(tokenOption())
      .option('--prune', 'end rules of the gateway that are in no file', false)
      .option('--json', 'the result as one JSON document', false);
    if (name === 'apply')
      command.option('--plan <file>', 'what `diff --json` told: refuses if a rule is not as it was then');
    command.action(run((folder, options) => compareOrApply(io, folder, options, name === 'apply')));
  }
  try {
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? EXIT.fine : EXIT.unusable;
  }
  return exitCode;
}

const DIR_HELP = 'folder with .yaml, .yml and .json files, taken with all folders in it; or one such file';
const EXIT_HELP = `
A document may hold \`state\`: draft, live, paused or ended. Without it a rule keeps its state, and a new one is a draft.
Exit code: 0 all is well; 1 there are problems, or somebody changed a rule meanwhile; 2 no such folder, wrong options,
or no gateway that does it.`;

const tokenOption = () =>
  new Option('--token <token>', 'bearer token for the gateway').env('WAYSIDE_ADMIN_TOKEN');

function httpUrl(text: string): string {
  const protocol = URL.parse(text)?.protocol;
  if (protocol === 'http:' || protocol === 'https:') return text;
  throw new InvalidArgumentError('An address that begins with http:// or https:// is needed.');
}

/** What came of a command: its JSON document, and the same for people. */
interface Told {
  readonly exitCode: number;
  readonly json: object;
  readonly lines: readonly string[];
}

async function told(io: CommandIo, json: boolean, work: () => Promise<Told>): Promise<number> {
  try {
    const result = await work();
    if (json) io.out(JSON.stringify({ ok: result.exitCode === EXIT.fine, ...result.json }, null, 2));
    else for (const line of result.lines) io.out(line);
    return result.exitCode;
  } catch (error) {
    const expected =
      error instanceof Unusable || error instanceof GatewayUnreachable || error instanceof GatewayRefused;
    if (!expected) throw error;
    if (json) io.out(JSON.stringify({ ok: false, error: error.message }, null, 2));
    io.err(`error: ${error.message}`);
    return EXIT.unusable;
  }
}

async function check(io: CommandIo, path: string, options: Options): Promise<Told> {
  const folder = await folderAt(path, io.cwd);
  const found =
    options.url === undefined
      ? [...folder.problems, ...checkOffline(folder)]
      : problemsIn(await call(io, folder, options, { dryRun: true, prune: false }));
  if (found.length > 0) {
    const result = toldProblems(folder, found, io.paint);
    const note = 'checked without a gateway: device types and metrics of its own are known with --url';
    return options.url === undefined
      ? { ...result, lines: [...result.lines, io.paint('dim', note)] }
      : result;
  }
  const where =
    options.url === undefined
      ? 'no problems, as far as can be told without a gateway: --url has places, tags and device types looked up'
      : `no problems at ${options.url}`;
  return {
    exitCode: EXIT.fine,
    json: { files: folder.files.length, rules: folder.rules.length, problems: [] },
    lines: [`${countOf(folder)}: ${where}`],
  };
}

async function compareOrApply(io: CommandIo, path: string, options: Options, apply: boolean): Promise<Told> {
  const folder = await folderAt(path, io.cwd);
  const planned = options.plan === undefined ? undefined : await planAt(resolve(io.cwd, options.plan));
  const { prune } = options;
  const before = await call(io, folder, options, {
    dryRun: true,
    prune,
    ...(planned && { expected: planned }),
  });
  if (before.kind !== 'changes') return notDone(folder, before, io.paint);
  const outcome = apply
    ? await call(io, folder, options, { dryRun: false, prune, expected: planned ?? before.expected })
    : before;
  if (outcome.kind !== 'changes') return notDone(folder, outcome, io.paint);
  const { applied, changes, expected } = outcome;
  const fileOf = (id: string) => folder.rules.find((rule) => rule.id === id)?.locate('').file;
  return {
    exitCode: EXIT.fine,
    json: { applied, changes, expected },
    lines: [...changeLines(changes, fileOf, io.paint), ...(applied ? ['applied'] : [])],
  };
}

async function call(
  io: CommandIo,
  folder: RuleFolder,
  { url, token }: Options,
  options: { readonly dryRun: boolean; readonly prune: boolean; readonly expected?: Expected },
): Promise<ApplyOutcome> {
  if (folder.rules.length === 0) return { kind: 'problems', problems: folder.problems };
  // What can't be read is in no request, so nothing may be applied beside it.
  const dryRun = options.dryRun || folder.problems.length > 0;
  return callApply(createGatewayClient(url ?? io.defaultUrl, token ?? null), folder, { ...options, dryRun });
}

function problemsIn(outcome: ApplyOutcome): readonly FileProblem[] {
  return outcome.kind === 'problems' ? outcome.problems : [];
}

function notDone(
  folder: RuleFolder,
  outcome: Exclude<ApplyOutcome, { readonly kind: 'changes' }>,
  paint: Paint,
): Told {
  if (outcome.kind === 'problems') return toldProblems(folder, outcome.problems, paint);
  return {
    exitCode: EXIT.problems,
    json: { applied: false, conflict: outcome.message },
    lines: [paint('red', outcome.message), 'nothing was applied'],
  };
}

function toldProblems(folder: RuleFolder, problems: readonly FileProblem[], paint: Paint): Told {
  const files = new Set(problems.map(({ file }) => file)).size;
  return {
    exitCode: EXIT.problems,
    json: { files: folder.files.length, rules: folder.rules.length, problems: inOrder(problems) },
    lines: [
      ...problemLines(problems, paint),
      paint(
        'red',
        `${problems.length} ${problems.length === 1 ? 'problem' : 'problems'} in ${files} of ${countOf(folder)}`,
      ),
    ],
  };
}

const countOf = ({ files, rules }: RuleFolder): string =>
  `${files.length} ${files.length === 1 ? 'file' : 'files'} with ${rules.length} ${rules.length === 1 ? 'rule' : 'rules'}`;

async function folderAt(path: string, cwd: string): Promise<RuleFolder> {
  const folder = await readRuleFolder(path, cwd).catch((cause: unknown) => {
    const missing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    throw new Unusable(missing ? `there is no folder ${path}` : String(cause), { cause });
  });
  // An empty folder is a wrong path more often than a wish to have no rules; with --prune it would end all of them.
  if (folder.files.length === 0) throw new Unusable(`there is no .yaml, .yml or .json file in ${path}`);
  if (folder.rules.length === 0 && folder.problems.length === 0)
    throw new Unusable(`there is no rule in the files of ${path}`);
  return folder;
}

async function planAt(path: string): Promise<Expected> {
  return readExpected(path).catch((cause: unknown) => {
    throw new Unusable(cause instanceof Error ? cause.message : String(cause), { cause });
  });
}

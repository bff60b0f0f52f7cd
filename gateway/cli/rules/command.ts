import { resolve } from 'node:path';
import { Command } from 'commander';
import { type CommandIo, EXIT, runProgram, Unusable } from '../command-io.ts';
import { createGatewayClient, GatewayRefused, GatewayUnreachable } from '../gateway-client.ts';
import { localGateway, tokenOption, urlOption } from '../gateway-options.ts';
import { type ApplyOutcome, callApply, type Expected } from './apply-call.ts';
import { checkOffline } from './check-offline.ts';
import { readExpected } from './plan-file.ts';
import { type FileProblem, type RuleFolder, readRuleFolder } from './rule-files.ts';
import { changeLines, inOrder, type Paint, problemLines } from './tell.ts';

/** What the command has of its surroundings. */
export interface RulesIo extends CommandIo {
  readonly paint: Paint;
}

interface Options {
  readonly url?: string;
  readonly token?: string;
  readonly json: boolean;
  readonly prune: boolean;
  readonly plan?: string;
}

/** Carries out `check`, `diff` or `apply` and gives the exit code. @param args without node and script */
export async function runRulesCommand(args: readonly string[], io: RulesIo): Promise<number> {
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
    .addHelpText('after', EXIT_HELP);
  program
    .command('check')
    .description('Checks every rule of a folder and tells all problems of all files, with file and line.')
    .argument('<dir>', DIR_HELP)
    .addOption(
      urlOption('check against this gateway; without it places, tags and own device types are not looked up'),
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
      .addOption(urlOption('the gateway').default(localGateway(io.env)))
      .addOption(tokenOption())
      .option('--prune', 'end rules of the gateway that are in no file', false)
      .option('--json', 'the result as one JSON document', false);
    if (name === 'apply')
      command.option('--plan <file>', 'what `diff --json` told: refuses if a rule is not as it was then');
    command.action(run((folder, options) => compareOrApply(io, folder, options, name === 'apply')));
  }
  return runProgram(program, args, io, () => exitCode);
}

const DIR_HELP = 'folder with .yaml, .yml and .json files, taken with all folders in it; or one such file';
const EXIT_HELP = `
A document may hold \`state\`: draft, live, paused or ended. Without it a rule keeps its state, and a new one is a draft.
Exit code: 0 all is well; 1 there are problems, or somebody changed a rule meanwhile; 2 no such folder, wrong options,
or no gateway that does it.`;

/** What came of a command: its JSON document, and the same for people. */
interface Told {
  readonly exitCode: number;
  readonly json: object;
  readonly lines: readonly string[];
}

async function told(io: RulesIo, json: boolean, work: () => Promise<Told>): Promise<number> {
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

async function check(io: RulesIo, path: string, options: Options): Promise<Told> {
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

async function compareOrApply(io: RulesIo, path: string, options: Options, apply: boolean): Promise<Told> {
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
  io: RulesIo,
  folder: RuleFolder,
  { url, token }: Options,
  options: { readonly dryRun: boolean; readonly prune: boolean; readonly expected?: Expected },
): Promise<ApplyOutcome> {
  if (folder.rules.length === 0) return { kind: 'problems', problems: folder.problems };
  // What can't be read is in no request, so nothing may be applied beside it.
  const dryRun = options.dryRun || folder.problems.length > 0;
  return callApply(createGatewayClient(url ?? localGateway(io.env), token ?? null), folder, {
    ...options,
    dryRun,
  });
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
    exitCode: EXIT.refused,
    json: { applied: false, conflict: outcome.message },
    lines: [paint('red', outcome.message), 'nothing was applied'],
  };
}

function toldProblems(folder: RuleFolder, problems: readonly FileProblem[], paint: Paint): Told {
  const files = new Set(problems.map(({ file }) => file)).size;
  return {
    exitCode: EXIT.refused,
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

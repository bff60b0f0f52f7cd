import { Command } from 'commander';
import type { BacktestReport } from '../../backtest/report.ts';
import { ERRORS, WaysideError } from '../../errors.ts';
import { EXIT, runProgram, type StoppableIo, tellError } from '../command-io.ts';
import {
  createGatewayClient,
  type GatewayClient,
  GatewayRefused,
  GatewayUnreachable,
} from '../gateway-client.ts';
import { localGateway, tokenOption, urlOption } from '../gateway-options.ts';
import { askedRule, askedSpan } from './asked.ts';
import { progressLine, reportLines } from './tell.ts';
import { backtestThroughGateway, gatewayNow } from './through-gateway.ts';
import { backtestOnStore } from './through-store.ts';

interface Options {
  readonly rule?: string;
  readonly from?: string;
  readonly to?: string;
  readonly alone: boolean;
  readonly url?: string;
  readonly token?: string;
  readonly json: boolean;
}

/** Tries a rule on the past and gives the exit code. @param args without node and script */
export async function runBacktestCommand(args: readonly string[], io: StoppableIo): Promise<number> {
  let exitCode: number = EXIT.fine;
  const program = new Command()
    .name('npm run backtest --')
    .description(
      'Tries a rule on what devices said in the past: what it would have sent, to whom and when, and what stopped the rest. Nothing is sent.',
    )
    .argument('<rule>', 'id of a rule, or a YAML or JSON file with a rule that need not be saved')
    .option('--rule <id>', 'of a file with several rules, this one')
    .option('--from <time>', 'begin: a time, or a duration before the end', 'P7D')
    .option('--to <time>', 'end; now where it is not given')
    .option(
      '--alone',
      'leave the other live rules out, and with them what they would have sent instead',
      false,
    )
    .addOption(
      urlOption(`the gateway (default: "${localGateway(io.env)}", or the data directory if none runs)`),
    )
    .addOption(tokenOption())
    .option('--json', 'the report as one JSON document', false)
    .addHelpText('after', MORE_HELP)
    .action(async (target: string, options: Options) => {
      exitCode = await backtest(target, options, io);
    });
  return runProgram(program, args, io, () => exitCode);
}

const MORE_HELP = `
Times are 2026-05-01 (a day in UTC), 2026-05-01T08:00:00+02:00, or milliseconds since 1970. At most 400 days.
Goes through the HTTP API of a running gateway. Where none answers and no --url is given, it opens the data directory itself
(WAYSIDE_DATA_DIR, ./data), which no gateway can use meanwhile. Progress goes to standard error; Ctrl-C cancels.
Exit code: 0 done; 1 the rule has problems, or the backtest failed; 2 wrong options, no such rule or file, no gateway and no data;
130 cancelled.

Examples:
  npm run backtest -- fuel-when-low
  npm run backtest -- rules/espresso.yaml --from 2026-05-01 --to 2026-05-08 --alone
  npm run --silent backtest -- fuel-when-low --from P30D --json > report.json`;

async function backtest(target: string, options: Options, io: StoppableIo): Promise<number> {
  try {
    const report = await reportOn(target, options, io);
    if (options.json) io.out(JSON.stringify(report, null, 2));
    else for (const line of reportLines(report)) io.out(line);
    if (report.error !== undefined) io.err(`error: ${report.error.detail}`);
    if (report.state === 'cancelled') return EXIT.stopped;
    return report.state === 'done' ? EXIT.fine : EXIT.refused;
  } catch (error) {
    return toldError(error, io);
  }
}

async function reportOn(target: string, options: Options, io: StoppableIo): Promise<BacktestReport> {
  const rule = await askedRule(target, options.rule, io.cwd);
  const client = createGatewayClient(options.url ?? localGateway(io.env), options.token ?? null);
  const now = await nowOf(client, options, io);
  const span = askedSpan(options.from, options.to, now ?? io.now());
  const tell = teller(io);
  if (now !== null) return backtestThroughGateway(client, rule, span, options.alone, tell, io.stopped);
  io.err('no gateway answers; opening the data directory');
  return backtestOnStore(io.env, rule, span, options.alone, tell, io.stopped);
}

/** The gateway's time, or null where none runs and none was asked for by name. */
async function nowOf(client: GatewayClient, options: Options, io: StoppableIo): Promise<number | null> {
  try {
    return await gatewayNow(client, io.now());
  } catch (error) {
    if (error instanceof GatewayUnreachable && options.url === undefined) return null;
    throw error;
  }
}

/** Tells how far it is, once for each percent. */
function teller(io: StoppableIo): (report: BacktestReport) => void {
  let told = '';
  return (report) => {
    const percent = `${report.state} ${Math.floor(report.progress * 100)}`;
    if (percent === told) return;
    told = percent;
    io.err(progressLine(report));
  };
}

function toldError(error: unknown, io: StoppableIo): number {
  if (error instanceof GatewayRefused) {
    // The problems say all that the message says of the first.
    io.err(error.problems.length === 0 ? `error: ${error.message}` : 'error: the rule has problems');
    for (const problem of error.problems) io.err(`  ${problem}`);
    return error.status === 422 ? EXIT.refused : EXIT.unusable;
  }
  if (error instanceof WaysideError) {
    if (error.code === 'invalid_document') io.err('error: the rule has problems');
    else io.err(`error: ${error.message}. ${ERRORS[error.code].mend}`);
    for (const { path, message } of error.problems) io.err(`  ${path} ${message}`.trimEnd());
    if (error.code === 'data_dir_in_use') io.err('  A gateway runs on it, at another address: give --url.');
    return error.code === 'invalid_document' ? EXIT.refused : EXIT.unusable;
  }
  return tellError(error, false, io);
}

import { writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { Command } from 'commander';
import { EXIT } from '../../gateway/cli/command-io.ts';
import { backtestBench } from './backtest.ts';
import type { Bench, BenchResult } from './bench.ts';
import { crashBench } from './crash.ts';
import { geofenceBench } from './geofence.ts';
import { ingestBench } from './ingest.ts';
import { latencyBench } from './latency.ts';
import { pushBench } from './push.ts';
import { rulesBench } from './rules.ts';
import { soakBench } from './soak.ts';
import { storeBench } from './store.ts';
import { table } from './table.ts';

const benches: readonly Bench[] = [
  ingestBench,
  crashBench,
  geofenceBench,
  rulesBench,
  pushBench,
  latencyBench,
  storeBench,
  soakBench,
  backtestBench,
];

const program = new Command('npm run bench --')
  .description('Benchmarks, each side by side with its peers in one run, on loopback.')
  // Wrong options end as they do with the other commands.
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? EXIT.fine : EXIT.unusable))
  .showHelpAfterError('(add --help for the options)')
  .argument(
    '[names...]',
    `which: ${benches.map(({ name }) => name).join(', ')}; without a name, all but the long ones`,
  )
  .option('--json <file>', 'also write the results as JSON')
  .addHelpText(
    'after',
    `\n${benches.map(({ name, about, byNameOnly }) => `  ${name.padEnd(10)} ${about}${byNameOnly ? ' (long)' : ''}`).join('\n')}`,
  )
  .action(async (names: readonly string[], options: { readonly json?: string }) => {
    const unknown = names.filter((name) => !benches.some((bench) => bench.name === name));
    if (unknown.length > 0) program.error(`error: there is no benchmark "${unknown.join('", "')}"`);
    const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown CPU'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`;
    const results: BenchResult[] = [];
    for (const bench of benches) {
      if (names.length > 0 ? !names.includes(bench.name) : bench.byNameOnly === true) continue;
      console.log(`\n${bench.name}: ${bench.about}\n${machine}`);
      const measured = [await bench.run((line) => console.log(`  … ${line}`))].flat();
      results.push(...measured);
      for (const result of measured) console.log(`\n${table(result)}`);
    }
    if (options.json !== undefined) {
      await writeFile(
        options.json,
        `${JSON.stringify({ machine, at: new Date().toISOString(), results }, null, 2)}\n`,
      );
      console.log(`\nwritten to ${options.json}`);
    }
  });

await program.parseAsync();

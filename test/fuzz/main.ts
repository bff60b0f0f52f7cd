import { writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { whole } from '../../devices-sim/option-values.ts';
import { EXIT } from '../../gateway/cli/command-io.ts';
import { startGateway } from '../support/gateway.ts';
import { codecSeeds } from './codec-seeds.ts';
import { fuzzPackets } from './packets.ts';
import { fuzzCodec } from './payloads.ts';

const PROGRESS_EVERY_MS = 2000;
/** Heap behind collections that a long run may add; a leak of one connection in ten added 113 MiB in 1,500,000 packets. */
const MOST_HEAP_GROWTH_MIB = 16;
/** In a shorter run V8 may not have collected the old generation in each part, and garbage looks like growth. */
const LONG_RUN_PACKETS = 500_000;

const program = new Command('npm run fuzz --')
  .description(
    'Mutated packets at a running gateway, and mutated payloads at each codec. Repeatable by its seed.',
  )
  // Wrong options end as they do with the other commands.
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? EXIT.fine : EXIT.unusable))
  .showHelpAfterError('(add --help for the options)')
  .option('--packets <n>', 'mutated packets', whole, 500_000)
  .option('--payloads <n>', 'mutated payloads of each codec', whole, 100_000)
  .option('--seed <n>', 'where the randomness begins', whole, 1)
  .option('--finds <file>', 'where to write inputs that were not stood', 'fuzz-finds.json')
  .action(async (options: { packets: number; payloads: number; seed: number; finds: string }) => {
    const failed: unknown[] = [];
    for (const codec of codecSeeds()) {
      const report = fuzzCodec(codec, options.payloads, options.seed);
      console.log(
        `${report.codec.padEnd(12)} ${report.payloads} payloads, ${report.understood} understood in part, slowest ${report.slowestMs.toFixed(1)} ms, ${report.finds.length} finds`,
      );
      failed.push(...report.finds);
    }
    const gateway = await startGateway();
    try {
      let toldAt = performance.now();
      const report = await fuzzPackets(gateway, options.packets, options.seed, (sent) => {
        if (performance.now() - toldAt < PROGRESS_EVERY_MS) return;
        toldAt = performance.now();
        console.log(`  … ${sent} of ${options.packets} packets`);
      });
      console.log(
        `packets      ${report.mutated} in ${report.streams} connections; a good device beside them had all ${report.witnessed} messages stored; the heap grew by ${report.heapGrowthMiB.toFixed(0)} MiB`,
      );
      const faults = [...report.faults];
      if (report.mutated >= LONG_RUN_PACKETS && report.heapGrowthMiB > MOST_HEAP_GROWTH_MIB)
        faults.push(`the heap grew by more than ${MOST_HEAP_GROWTH_MIB} MiB`);
      for (const fault of faults) console.log(`  ${fault}`);
      if (faults.length > 0) failed.push({ faults, streams: report.streamsBefore });
    } finally {
      await gateway.stop();
    }
    if (failed.length === 0) return;
    await writeFile(options.finds, `${JSON.stringify(failed, null, 2)}\n`);
    console.error(`error: written to ${options.finds}; a find belongs into test/fuzz/finds as a case`);
    process.exitCode = EXIT.refused;
  });

await program.parseAsync();

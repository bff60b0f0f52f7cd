import { Command } from 'commander';
import { addCityCommand } from './city/command.ts';

const program = new Command()
  .name('npm run sim --')
  .description('Simulated devices for a Wayside gateway.')
  .showHelpAfterError('(add --help for the options)')
  .configureHelp({ sortSubcommands: false });
addCityCommand(program);

try {
  await program.parseAsync();
} catch (error) {
  console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

import { Command } from 'commander';
import { addCityCommand } from './city/command.ts';
import { addLoadCommand } from './load/command.ts';
import { addPushServiceCommand } from './push-service/command.ts';
import { addReplayCommand } from './replay/command.ts';

const program = new Command()
  .name('npm run sim --')
  .description(
    'Simulated devices, recorded journeys, load and a stand-in push service for a Wayside gateway.',
  )
  .showHelpAfterError('(add --help for the options)');
addCityCommand(program);
addReplayCommand(program);
addLoadCommand(program);
addPushServiceCommand(program);

try {
  await program.parseAsync();
} catch (error) {
  console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

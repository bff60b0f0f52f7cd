import { existsSync } from 'node:fs';
import { Command } from 'commander';
import { addCityCommand } from './city/command.ts';
import { addLoadCommand } from './load/command.ts';
import { addPushServiceCommand } from './push-service/command.ts';
import { addReplayCommand } from './replay/command.ts';
import { leavingErrors, runCommands } from './run-commands.ts';

// As for the gateway: its admin token may be there.
if (existsSync('.env')) process.loadEnvFile('.env');
// npm starts scripts in the folder of package.json, and people name files from where they are.
if (process.env.INIT_CWD !== undefined) process.chdir(process.env.INIT_CWD);

const program = leavingErrors(
  new Command()
    .name('npm run sim --')
    .description(
      'Simulated devices, recorded journeys, load and a stand-in push service for a Wayside gateway.',
    ),
);
addCityCommand(program);
addReplayCommand(program);
addLoadCommand(program);
addPushServiceCommand(program);
await runCommands(program, process.argv.slice(2));

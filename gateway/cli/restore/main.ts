import { runMain } from '../command-main.ts';
import { runRestoreCommand } from './command.ts';

await runMain(runRestoreCommand);

import { runMain } from '../command-main.ts';
import { runBackupCommand } from './command.ts';

await runMain(runBackupCommand);

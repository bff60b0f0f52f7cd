import { styleText } from 'node:util';
import { runMain } from '../command-main.ts';
import { runRulesCommand } from './command.ts';
import type { Paint } from './tell.ts';

// Leaves the colours out where the output is no terminal, or NO_COLOR is set.
const paint: Paint = (style, text) => styleText(style, text, { stream: process.stdout });
await runMain((args, io) => runRulesCommand(args, { ...io, paint }));

import { runMain, stopSignal } from '../command-main.ts';
import { runBacktestCommand } from './command.ts';

const stopped = stopSignal();
await runMain((args, io) => runBacktestCommand(args, { ...io, stopped }));

import { runMain, stopSignal } from '../command-main.ts';
import { runAuditCommand } from './command.ts';

const stopped = stopSignal();
await runMain((args, io) => runAuditCommand(args, { ...io, stopped }));

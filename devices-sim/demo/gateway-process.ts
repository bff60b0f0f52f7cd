import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { DemoError } from './settings.ts';

export interface GatewayProcess {
  readonly httpPort: number;
  readonly mqttPort: number;
  /** Resolves when the gateway leaves by itself, with its last complaint. */
  readonly died: Promise<string>;
  /** Asks it to stop, and waits until it is gone. */
  stop(): Promise<void>;
}

export interface GatewayProcessOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where its log lines go. */
  readonly logFile: string;
  /** Called with each error that it logs. */
  readonly onError: (complaint: string) => void;
}

const MAIN = fileURLToPath(new URL('../../gateway/main.ts', import.meta.url));
/** As `npm start` has it. */
const NURSERY = '--max-semi-space-size=16';
const LEAVE_WITH_PARENT = new URL('./leave-with-parent.ts', import.meta.url).href;
const READY_WITHIN_MS = 45_000;
const STOP_WITHIN_MS = 12_000;
/** pino's level of `error`. */
const ERROR_LEVEL = 50;

/** Starts the gateway with this same Node, and waits until it is ready. Throws a DemoError with its complaint if it is not. */
export async function startGatewayProcess({
  env,
  logFile,
  onError,
}: GatewayProcessOptions): Promise<GatewayProcess> {
  // A process group of its own: Ctrl-C reaches the demo alone, which then stops everything in order.
  const child = spawn(process.execPath, [NURSERY, '--import', LEAVE_WITH_PARENT, MAIN], {
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const log = createWriteStream(logFile, { mode: 0o600 });
  let complaint = '';
  let stopping = false;
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async (): Promise<void> => {
    stopping = true;
    await endChild(child);
    log.end();
  };

  const ready = new Promise<{ httpPort: number; mqttPort: number }>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on('line', (line) => {
        if (!log.writableEnded) log.write(`${line}\n`);
        const entry = parseLine(line);
        if (entry === null) complaint = complaint === '' ? line : complaint;
        else if (Number(entry.level) >= ERROR_LEVEL) {
          complaint = complaintOf(entry);
          onError(complaint);
        } else if (entry.msg === 'ready')
          resolve({ httpPort: Number(entry.httpPort), mqttPort: Number(entry.mqttPort) });
      });
    }
  });
  const timeout = AbortSignal.timeout(READY_WITHIN_MS);
  const outcome = await Promise.race([
    ready,
    exited.then(() => 'exited' as const),
    once(timeout, 'abort').then(() => 'late' as const),
  ]);
  if (outcome === 'exited' || outcome === 'late') {
    await stop();
    throw new DemoError(
      outcome === 'exited'
        ? `The gateway did not start: ${complaint}`
        : `The gateway was not ready within ${READY_WITHIN_MS / 1000} s. Its log is ${logFile}.`,
    );
  }
  return {
    ...outcome,
    died: new Promise((resolve) => {
      void exited.then(() => {
        if (!stopping) resolve(complaint);
      });
    }),
    stop,
  };
}

/** What one line of the gateway's log complains of, and what to do. */
function complaintOf({ msg, err, mend }: Record<string, unknown>): string {
  const cause = typeof err === 'object' && err !== null && 'message' in err ? err.message : undefined;
  return [msg, cause, mend].filter((part) => typeof part === 'string').join(': ');
}

async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
  await exit;
  clearTimeout(timer);
}

function parseLine(line: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    // Not a log line: a crash report of Node, for instance. The caller keeps it as it is.
    return null;
  }
}

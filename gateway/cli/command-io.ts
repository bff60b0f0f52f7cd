import { type Command, CommanderError } from 'commander';
import { ERRORS, WaysideError } from '../errors.ts';
import { GatewayUnreachable } from './gateway-client.ts';

/** As shells report an end by SIGINT: 130. */
export const EXIT = { fine: 0, refused: 1, unusable: 2, stopped: 130 } as const;

/** What a command has of its surroundings. */
export interface CommandIo {
  /** Where relative paths begin. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  out(text: string): void;
  err(text: string): void;
  /** Epoch ms. */
  now(): number;
}

/** Of a command that takes long, and ends in order when it is stopped. */
export interface StoppableIo extends CommandIo {
  /** Set off when the command is to end early. */
  readonly stopped: AbortSignal;
}

/** It can't be done at all: a wrong way of calling it, or nothing there. */
export class Unusable extends Error {}

/** Reads the arguments and runs the program's action; gives the exit code. @param args without node and script */
export async function runProgram(
  program: Command,
  args: readonly string[],
  io: CommandIo,
  exitCode: () => number,
): Promise<number> {
  // A command within it has taken over what the program was set to when it was made.
  for (const command of [program, ...program.commands])
    command
      .exitOverride()
      .configureOutput({
        writeOut: (text) => io.out(text.trimEnd()),
        writeErr: (text) => io.err(text.trimEnd()),
      })
      .showHelpAfterError('(add --help for the options)');
  try {
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? EXIT.fine : EXIT.unusable;
  }
  return exitCode();
}

/**
 * Tells an error that people meet, with what they can do, or as JSON; gives the exit code.
 *
 * @throws what is no such error
 */
export function tellError(error: unknown, json: boolean, io: CommandIo): number {
  const told = toldAs(error);
  if (json) io.out(JSON.stringify({ error: { code: told.code, detail: told.detail } }, null, 2));
  io.err(`error: ${told.text}`);
  return told.exitCode;
}

function toldAs(error: unknown): {
  readonly code: string;
  readonly detail: string;
  readonly text: string;
  readonly exitCode: number;
} {
  if (error instanceof WaysideError) {
    const text = `${error.message}. ${ERRORS[error.code].mend} (${error.code})`;
    return { code: error.code, detail: error.detail, text, exitCode: EXIT.refused };
  }
  if (error instanceof Unusable || error instanceof GatewayUnreachable) {
    const code = error instanceof Unusable ? 'unusable' : 'unreachable';
    return { code, detail: error.message, text: error.message, exitCode: EXIT.unusable };
  }
  throw error;
}

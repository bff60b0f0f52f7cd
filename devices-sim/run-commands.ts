import { type Command, CommanderError } from 'commander';
import { GatewayApiError } from './gateway-api.ts';
import { Unusable } from './unusable.ts';

/** As all commands of Wayside end (gateway/cli): what was found wanting or refused, and what could not be done at all. */
const EXIT = { refused: 1, unusable: 2 } as const;

/** A program of which the commands that are added to it leave wrong options to `runCommands`. */
export function leavingErrors(program: Command): Command {
  return program.exitOverride().showHelpAfterError('(add --help for the options)');
}

/**
 * Runs what the process was called with. Ends it with 2 where that can't be done at all: a wrong option, nothing that can be read, no
 * gateway there; with 1 where it went wrong.
 */
export async function runCommands(program: Command, args: readonly string[]): Promise<void> {
  try {
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    // Of --help, too; commander has said what there is to say.
    if (error instanceof CommanderError) {
      if (error.exitCode !== 0) process.exitCode = EXIT.unusable;
      return;
    }
    console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = isNothingThere(error) ? EXIT.unusable : EXIT.refused;
  }
}

function isNothingThere(error: unknown): boolean {
  return error instanceof Unusable || (error instanceof GatewayApiError && error.status === 0);
}

// Whether a command of `waxwing` is one that the program accepts.

import { type Command, CommanderError } from 'commander';
import { checkDependentOptions } from '../../src/cli/options/dependent-options.ts';
import { commandLine } from '../../src/cli/program.ts';
import { isUnknown, several } from './command-lines.ts';

const all = prepared(commandLine(false));

/** Makes commands do nothing but check their arguments, of which some are not known. */
function prepared(command: Command): Command {
  command.exitOverride().configureOutput({ writeErr: () => {}, writeOut: () => {} });
  for (const each of [...command.options, ...command.registeredArguments]) {
    const { parseArg } = each;
    if (parseArg === undefined) continue;
    each.parseArg = <T>(value: string, before: T): T =>
      isUnknown(value) ? (value as T) : (parseArg(value, before) as T);
  }
  if (command.commands.length === 0) command.action(() => checkDependentOptions(command));
  command.commands.forEach(prepared);
  return command;
}

/**
 * Checks the arguments of `waxwing`. Finds unknown commands and options, missing and superfluous arguments,
 * and invalid values.
 *
 * @param words the arguments after the name of the program
 * @returns the first problem; undefined if there is none
 */
export function whyNotWaxwing(words: readonly string[]): string | undefined {
  // A function of a page forwards what it is called with: its calls are checked.
  if (words.length === 1 && words[0] === several) return undefined;
  try {
    all.parse(words, { from: 'user' });
    return undefined;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return undefined; // --help
    return (error as Error).message;
  }
}

// Options of commands, and the modules of their actions.

import { InvalidArgumentError, Option } from 'commander';

/**
 * Defines an option that can also be set by an environment variable: `--api-port` is
 * `WAXWING_API_PORT`.
 */
export function option(flags: string, description: string): Option {
  const made = new Option(flags, description);
  return made.env(variableOf(made));
}

/** The action of a command. Its module is loaded when the command runs: a start loads no others. */
export function from<Name extends string, Module extends Readonly<Record<Name, Action>>>(
  load: () => Promise<Module>,
  name: Name,
): (...of: Parameters<Module[Name]>) => Promise<void> {
  return async (...of) => {
    const { [name]: action } = await load();
    await action(...of);
  };
}

// biome-ignore lint/suspicious/noExplicitAny: the parameters are those of each command.
type Action = (...of: any[]) => Promise<void> | void;

/** The environment variable of an option. */
export function variableOf({ long = '' }: Option): string {
  return `WAXWING_${long.replace(/^--/, '').toUpperCase().replaceAll('-', '_')}`;
}

/** Reads a whole number of at most 9 digits. @throws {InvalidArgumentError} */
export function wholeNumber(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number.');
}

/** Defines an option that is a whole number, with a default. */
export function number(flags: string, description: string, standard: number): Option {
  return option(flags, description).argParser(wholeNumber).default(standard);
}

/** `--data`, for commands that need the data folder. */
export const data = () => option('--data <dir>', 'the data folder').default('./waxwing-data');
/** `--profile`, for commands that call the API. */
export const profile = () =>
  new Option('--profile <name>', 'profile of the AWS CLI to call as, instead of the root user');

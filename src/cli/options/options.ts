// Options of commands that environment variables can set too.

import { InvalidArgumentError, Option } from 'commander';
import type { PortRange } from '../../base/port-range.ts';

/**
 * Defines an option that can also be set by an environment variable: `--api-port` is
 * `WAXWING_API_PORT`.
 */
export function option(flags: string, description: string): Option {
  const made = new Option(flags, description);
  return made.env(variableOf(made));
}

/** Defines a flag. Its environment variable sets it, unless the value means false. */
export function flag(flags: string, description: string): Option {
  const made = new Option(flags, description);
  const variable = variableOf(made);
  const value = process.env[variable];
  return value !== undefined && ['', '0', 'false', 'no'].includes(value)
    ? made
    : made.env(variable);
}

/** The environment variable of an option. */
function variableOf({ long = '' }: Option): string {
  return `WAXWING_${long.replace(/^--/, '').toUpperCase().replaceAll('-', '_')}`;
}

/** Parses a whole number with at most nine digits. */
export function wholeNumber(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number.');
}

/** Parses two ports. */
export function portRange(text: string): PortRange {
  const [, first, last] = /^(\d{1,5})-(\d{1,5})$/.exec(text) ?? [];
  if (first !== undefined && last !== undefined)
    return { first: Number(first), last: Number(last) };
  throw new InvalidArgumentError('It must be two ports, like 5671-5690.');
}

/** Names separated by commas; the option can be repeated. */
export function names(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, ...text.split(',').map((name) => name.trim())];
}

/** Parses ports of listeners, separated by commas; the option can be repeated. */
export function sharedPorts(
  text: string,
  before: ReadonlyMap<string, number> = new Map(),
): ReadonlyMap<string, number> {
  const ports = new Map(before);
  for (const part of text.split(',')) {
    const [, name, port] = /^([\w+/-]{1,40})=(\d{1,5})$/.exec(part.trim()) ?? [];
    if (name === undefined) throw new InvalidArgumentError('It must be like amqps=5671,wss=443.');
    if (ports.has(name)) throw new InvalidArgumentError(`It has '${name}' more than once.`);
    ports.set(name, Number(port));
  }
  return ports;
}

/** Defines an option that is a whole number. */
export function number(flags: string, description: string, standard: number): Option {
  return option(flags, description).argParser(wholeNumber).default(standard);
}

/** `--data`, for commands that need the data folder. */
export const data = () => option('--data <dir>', 'the data folder').default('./waxwing-data');
/** `--profile`, for commands that call the API. */
export const profile = () =>
  new Option('--profile <name>', 'profile of the AWS CLI to call as, instead of the root user');

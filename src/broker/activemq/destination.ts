// Names of ActiveMQ destinations.

import { isShortName } from '../arguments.ts';
import type { Address } from '../conversion/properties.ts';
import { BrokerError } from '../errors.ts';
import { activemqAlphabet, splitKey } from '../patterns/alphabet.ts';

/** Maximum number of parts of a composite destination. */
export const partCountMax = 100;

/** Maximum length of a destination name, in bytes. */
export const nameBytesMax = 255;

/** The qualifying prefix of each kind of destination. */
const prefixes: readonly (readonly [string, Address['kind']])[] = [
  ['queue://', 'queue'],
  ['topic://', 'topic'],
  ['temp-queue://', 'temporary-queue'],
  ['temp-topic://', 'temporary-topic'],
];

/** Returns the qualified name of a destination, for example `queue://A`. */
export function qualifiedName({ kind, name }: Address): string {
  const [prefix = ''] = prefixes.find((each) => each[1] === kind) ?? [];
  return prefix + name;
}

/**
 * Returns a list of destinations as ActiveMQ shows it: the qualified name of a single destination,
 * and otherwise names without the prefix of the first one's kind, for example `A,B,topic://C`.
 */
export function listedName(addresses: readonly Address[]): string {
  const [first] = addresses;
  if (first === undefined || addresses.length === 1) return first ? qualifiedName(first) : '';
  const { kind } = first;
  return addresses.map((each) => (each.kind === kind ? each.name : qualifiedName(each))).join(',');
}

/**
 * Parses one destination, which may have a qualifying prefix.
 *
 * @param kind the kind of a name without a prefix
 * @throws {BrokerError} `precondition-failed` if the name is empty or too long, or contains control
 *   characters
 */
export function parseDestination(text: string, kind: Address['kind']): Address {
  const address = readDestination(text.trim(), kind);
  requireName(address.name);
  return address;
}

/**
 * Reads the name of a destination that is stored, which was checked when the destination was created,
 * perhaps by an earlier release with other rules.
 *
 * @param kind the kind of a name without a prefix
 */
export function readDestination(text: string, kind: Address['kind']): Address {
  for (const [prefix, prefixKind] of prefixes) {
    if (text.startsWith(prefix)) return { kind: prefixKind, name: text.slice(prefix.length) };
  }
  return { kind, name: text };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones that are not permitted
const controls = /[\0-\x1f\x7f-\x9f\u2028\u2029]/;

/**
 * Returns the first control character in a destination name, in the form `U+0000`; undefined if there
 * is none. Names are shown in logs, in error texts and by tools, and other protocols cannot write all
 * of these characters.
 */
export function controlIn(name: string): string | undefined {
  const code = controls.exec(name)?.[0].charCodeAt(0);
  return code === undefined ? undefined : `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
}

/**
 * Returns the destination with a name, which has no prefix.
 *
 * @throws {BrokerError} `precondition-failed` if the name is empty or too long, or contains control
 *   characters
 */
export function namedDestination(name: string, kind: Address['kind']): Address {
  const address = { kind, name: name.trim() };
  requireName(address.name);
  return address;
}

function requireName(name: string): void {
  if (name === '') throw new BrokerError('precondition-failed', 'the destination has no name');
  const control = controlIn(name);
  if (control !== undefined) {
    const found = `a destination's name contains the control character ${control}`;
    throw new BrokerError('precondition-failed', `${found}, which is not permitted`);
  }
  if (!isShortName(name)) {
    const found = `a destination's name of ${Buffer.byteLength(name)} bytes`;
    throw new BrokerError('precondition-failed', `${found} is longer than ${nameBytesMax}`);
  }
}

/**
 * Parses a comma-separated list of destinations. Empty parts are ignored.
 *
 * @param read parses one part
 * @returns each destination once
 * @throws {BrokerError} `precondition-failed` if the list is empty or has more than {@link
 *   partCountMax} parts
 */
export function parseList(text: string, read: (part: string) => Address): Address[] {
  const parts = text.includes(',') ? text.split(',', partCountMax * 2) : [text];
  const found = new Map<string, Address>();
  for (const part of parts) {
    if (part.trim() === '') continue;
    const address = read(part);
    found.set(qualifiedName(address), address);
  }
  if (found.size === 0) throw new BrokerError('precondition-failed', 'the destination has no name');
  if (found.size > partCountMax || parts.length >= partCountMax * 2) {
    const allowed = `at most ${partCountMax} are allowed`;
    throw new BrokerError('precondition-failed', `too many destinations in one list; ${allowed}`);
  }
  return [...found.values()];
}

/** Whether the name is one that only the broker assigns. */
export function isReserved({ kind, name }: Address): boolean {
  return kind === 'queue' && name.startsWith('amq.');
}

/** Returns a destination name without its options, which begin with a question mark. */
export function withoutOptions(text: string): string {
  const at = text.indexOf('?');
  return at < 0 ? text : text.slice(0, at);
}

/** Maximum number of options of destination names. */
const optionCountMax = 32;

/**
 * Reads the options of a consumer in destination names: `exclusive` is `true` for
 * `queue?consumer.exclusive=true`. Other options are ignored. The first of equal options counts.
 *
 * @param text a destination, or a comma-separated list
 * @throws {BrokerError} `precondition-failed` if there are more than {@link optionCountMax}
 */
export function consumerOptions(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  if (!text.includes('?')) return found;
  for (const part of text.split(',', partCountMax * 2)) {
    const at = part.indexOf('?');
    if (at < 0) continue;
    const options = part.slice(at + 1).split('&', optionCountMax + 1);
    if (options.length > optionCountMax || found.size > optionCountMax) {
      const why = `more than ${optionCountMax} options in a destination name`;
      throw new BrokerError('precondition-failed', why);
    }
    for (const option of options) {
      const [, name, value] = /^\s*consumer\.([^=]+)=(.*)$/s.exec(option) ?? [];
      if (name === undefined || value === undefined || found.has(name)) continue;
      found.set(name.trim(), value.trim());
    }
  }
  return found;
}

/** Whether the name has wildcards. */
export function isWildcard({ name }: Address): boolean {
  const { oneWord, manyWords } = activemqAlphabet;
  if (!name.includes(oneWord) && !name.includes(manyWords)) return false;
  const words = splitKey(activemqAlphabet, name);
  return words.includes(oneWord) || words.at(-1) === manyWords;
}

/** Whether the destination lives at most as long as its connection. */
export function isTemporary({ kind }: Address): boolean {
  return kind === 'temporary-queue' || kind === 'temporary-topic';
}

/** Whether each message is delivered to only one consumer. */
export function isQueue({ kind }: Address): boolean {
  return kind === 'queue' || kind === 'temporary-queue';
}

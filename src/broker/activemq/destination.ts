import { isShortName } from '../arguments.ts';
import type { Address } from '../conversion/properties.ts';
import { BrokerError } from '../errors.ts';
import { activemqAlphabet, splitKey } from '../patterns/alphabet.ts';

/** Parts that one composite destination may have. */
export const partCountMax = 100;

/** Bytes of one destination's name. */
export const nameBytesMax = 255;

/** How ActiveMQ writes each kind of destination before its name. */
const prefixes: readonly (readonly [string, Address['kind']])[] = [
  ['queue://', 'queue'],
  ['topic://', 'topic'],
  ['temp-queue://', 'temporary-queue'],
  ['temp-topic://', 'temporary-topic'],
];

/** A destination's qualified name: `queue://A`. */
export function qualifiedName({ kind, name }: Address): string {
  const [prefix = ''] = prefixes.find((each) => each[1] === kind) ?? [];
  return prefix + name;
}

/**
 * Reads one destination, which may have a qualifying prefix.
 *
 * @param kind of a name without a prefix
 * @throws {BrokerError} `precondition-failed` where the name is empty or too long
 */
export function parseDestination(text: string, kind: Address['kind']): Address {
  const trimmed = text.trim();
  for (const [prefix, prefixKind] of prefixes) {
    if (trimmed.startsWith(prefix)) return checked(prefixKind, trimmed.slice(prefix.length));
  }
  return checked(kind, trimmed);
}

function checked(kind: Address['kind'], name: string): Address {
  if (name === '') throw new BrokerError('precondition-failed', 'the destination has no name');
  if (!isShortName(name)) {
    const found = `a destination's name of ${Buffer.byteLength(name)} bytes`;
    throw new BrokerError('precondition-failed', `${found} is longer than ${nameBytesMax}`);
  }
  return { kind, name };
}

/**
 * Cuts a list of destinations at its commas. Empty parts are left out.
 *
 * @param read reads one part
 * @returns each destination once
 * @throws {BrokerError} `precondition-failed` where none is left, or there are more than {@link partCountMax}
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

/** Whether a name stands for all destinations that it matches. */
export function isWildcard({ name }: Address): boolean {
  const { oneWord, manyWords } = activemqAlphabet;
  if (!name.includes(oneWord) && !name.includes(manyWords)) return false;
  const words = splitKey(activemqAlphabet, name);
  return words.includes(oneWord) || words.at(-1) === manyWords;
}

/** Whether it lives as long as its connection at most. */
export function isTemporary({ kind }: Address): boolean {
  return kind === 'temporary-queue' || kind === 'temporary-topic';
}

/** Whether each message goes to one consumer only. */
export function isQueue({ kind }: Address): boolean {
  return kind === 'queue' || kind === 'temporary-queue';
}

/**
 * The topic that a queue of a virtual topic gets messages from: `VirtualTopic.T` for
 * `Consumer.any.VirtualTopic.T`. Undefined for other queues.
 */
export function virtualTopicOf(queueName: string): string | undefined {
  return /^Consumer\.[^.]*\.(VirtualTopic\..+)$/s.exec(queueName)?.[1];
}

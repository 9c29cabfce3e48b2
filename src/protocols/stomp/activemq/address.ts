// Destination names as STOMP clients write them.

import {
  parseDestination,
  parseList,
  withoutOptions,
} from '../../../broker/activemq/destination.ts';
import type { Address } from '../../../broker/conversion/properties.ts';

/** The prefix of each kind of destination. */
const prefixes: readonly (readonly [prefix: string, kind: Address['kind']])[] = [
  ['/queue/', 'queue'],
  ['/topic/', 'topic'],
  ['/remote-temp-queue/', 'temporary-queue'],
  ['/remote-temp-topic/', 'temporary-topic'],
];

/**
 * The prefixes of temporary destinations, which are followed by a name of the connection's choice.
 */
const ownPrefixes: readonly (readonly [prefix: string, kind: TemporaryKind])[] = [
  ['/temp-queue/', 'temporary-queue'],
  ['/temp-topic/', 'temporary-topic'],
];

/** Kinds of destinations that belong to a connection. */
export type TemporaryKind = 'temporary-queue' | 'temporary-topic';

/** The names that a connection uses for its temporary destinations. */
export interface TemporaryWords {
  /** Returns the destination with a name. Creates it if it does not exist. */
  named(kind: TemporaryKind, word: string): Address;
  /** Returns the name of a destination; undefined if it belongs to another connection. */
  wordOf(address: Address): string | undefined;
}

/**
 * Parses the `destination` header: one destination or a comma-separated list. A name without a
 * known prefix is a queue.
 *
 * @throws {BrokerError} `precondition-failed` if a name is empty or too long, or there are too many
 */
export function parseDestinations(text: string, words: TemporaryWords): Address[] {
  return parseList(text, (part) => parseOne(part.trim(), words));
}

function parseOne(part: string, words: TemporaryWords): Address {
  const text = withoutOptions(part);
  return parseKnown(text, words) ?? parseDestination(text, 'queue');
}

function parseKnown(text: string, words: TemporaryWords): Address | undefined {
  for (const [prefix, kind] of prefixes) {
    if (text.startsWith(prefix))
      return { ...parseDestination(text.slice(prefix.length), kind), kind };
  }
  for (const [prefix, kind] of ownPrefixes) {
    if (text.startsWith(prefix)) return words.named(kind, text.slice(prefix.length));
  }
  return undefined;
}

/** Parses the `reply-to` header; undefined if it is not a destination, which is not an error. */
export function parseReplyTo(text: string, words: TemporaryWords): Address | undefined {
  const trimmed = withoutOptions(text.trim());
  const isEmpty = [...prefixes, ...ownPrefixes].some(([prefix]) => prefix === trimmed);
  return isEmpty || trimmed.includes(',') ? undefined : parseKnown(trimmed, words);
}

/** Returns the name of a destination that all connections can use. */
export function destinationText({ kind, name }: Address): string {
  const [prefix = ''] = prefixes.find((each) => each[1] === kind) ?? [];
  return prefix + name;
}

/** The inverse of {@link destinationText}; undefined if the text is not a destination. */
export function readDestinationText(text: string): Address | undefined {
  for (const [prefix, kind] of prefixes) {
    if (text.startsWith(prefix)) return { kind, name: text.slice(prefix.length) };
  }
  return undefined;
}

/**
 * Returns the name of a destination as a connection writes it, with its own names of temporary
 * destinations.
 */
export function ownDestinationText(address: Address, words: TemporaryWords): string {
  const word = words.wordOf(address);
  if (word === undefined) return destinationText(address);
  return `${address.kind === 'temporary-queue' ? '/temp-queue/' : '/temp-topic/'}${word}`;
}

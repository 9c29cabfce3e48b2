import { parseDestination, parseList } from '../../broker/activemq/destination.ts';
import type { Address } from '../../broker/conversion/properties.ts';

/** How STOMP clients of ActiveMQ write each kind of destination before its name. */
const prefixes: readonly (readonly [prefix: string, kind: Address['kind']])[] = [
  ['/queue/', 'queue'],
  ['/topic/', 'topic'],
  ['/remote-temp-queue/', 'temporary-queue'],
  ['/remote-temp-topic/', 'temporary-topic'],
];

/** Temporary destinations by a connection's own words for them. */
const ownPrefixes: readonly (readonly [prefix: string, kind: TemporaryKind])[] = [
  ['/temp-queue/', 'temporary-queue'],
  ['/temp-topic/', 'temporary-topic'],
];

/** Kinds of destinations that belong to a connection. */
export type TemporaryKind = 'temporary-queue' | 'temporary-topic';

/** What a connection calls its temporary destinations. */
export interface TemporaryWords {
  /** The destination that a word stands for; made where there is none yet. */
  named(kind: TemporaryKind, word: string): Address;
  /** The word for a destination; undefined where it is another connection's. */
  wordOf(address: Address): string | undefined;
}

/**
 * Reads the header `destination`: one destination, or several with commas between them. What has none of
 * the known prefixes is a queue.
 *
 * @throws {BrokerError} `precondition-failed` where a name is empty or too long, or there are too many
 */
export function parseDestinations(text: string, words: TemporaryWords): Address[] {
  return parseList(text, (part) => parseOne(part.trim(), words));
}

function parseOne(text: string, words: TemporaryWords): Address {
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

/** Reads the header `reply-to`; undefined where it is no destination, which is not an error. */
export function parseReplyTo(text: string, words: TemporaryWords): Address | undefined {
  const trimmed = text.trim();
  const isEmpty = [...prefixes, ...ownPrefixes].some(([prefix]) => prefix === trimmed);
  return isEmpty || trimmed.includes(',') ? undefined : parseKnown(trimmed, words);
}

/** A destination as everybody may write it. */
export function destinationText({ kind, name }: Address): string {
  const [prefix = ''] = prefixes.find((each) => each[1] === kind) ?? [];
  return prefix + name;
}

/** The inverse of {@link destinationText}; undefined where the text is none. */
export function readDestinationText(text: string): Address | undefined {
  for (const [prefix, kind] of prefixes) {
    if (text.startsWith(prefix)) return { kind, name: text.slice(prefix.length) };
  }
  return undefined;
}

/** A destination as a connection writes it, which calls its own temporary ones by its words. */
export function ownDestinationText(address: Address, words: TemporaryWords): string {
  const word = words.wordOf(address);
  if (word === undefined) return destinationText(address);
  return `${address.kind === 'temporary-queue' ? '/temp-queue/' : '/temp-topic/'}${word}`;
}

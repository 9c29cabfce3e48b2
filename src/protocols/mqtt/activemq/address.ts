// Topic names, and the names of ActiveMQ destinations.

import type { Address } from '../../../broker/conversion/properties.ts';

/*
 * ActiveMQ exchanges three pairs of characters, in both directions: `a/b.c` is the topic `a.b/c`, and
 * the filter `a/+/#` is `a.*.>`. A topic name has no wildcards in either form.
 */
const exchanged: Readonly<Record<string, string>> = {
  '/': '.',
  '.': '/',
  '+': '*',
  '*': '+',
  '#': '>',
  '>': '#',
};
const anyExchanged = /[/.+*#>]/g;

/** Converts a topic name or filter to the name of a destination, and back. */
export function exchangeNames(text: string): string {
  return text.replace(anyExchanged, (character) => exchanged[character] ?? character);
}

/** Returns the destination for a topic name. */
export function topicAddress(topic: string): Address {
  return { kind: 'topic', name: exchangeNames(topic) };
}

/**
 * Topics of the broker, in MQTT's form. Filters that begin with a wildcard do not match them, as for
 * topics that begin with `$` [MQTT-4.7.2-1].
 */
const advisoryPrefix = 'ActiveMQ/Advisory/';

/** Whether filters that begin with a wildcard do not match a topic. */
export function isReservedTopic(topic: string): boolean {
  return topic.startsWith('$') || topic.startsWith(advisoryPrefix);
}

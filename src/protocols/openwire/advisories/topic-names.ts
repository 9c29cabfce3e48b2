// Names of topics with wildcards.

import { isWildcard } from '../../../broker/activemq/destination.ts';

/** Whether a name has wildcards. */
export function isTopicPattern(name: string): boolean {
  return isWildcard({ kind: 'topic', name });
}

/** Whether a name with wildcards includes a topic: `*` is one word, and a final `>` any number. */
export function matchesTopic(pattern: string, topic: string): boolean {
  const wanted = pattern.split('.');
  const words = topic.split('.');
  const isOpen = wanted.at(-1) === '>';
  if (isOpen) wanted.pop();
  if (isOpen ? words.length < wanted.length : words.length !== wanted.length) return false;
  return wanted.every((word, at) => word === '*' || word === words[at]);
}

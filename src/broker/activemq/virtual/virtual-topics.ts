// Virtual topics: queues that receive the messages of topics.

import { activemqAlphabet, type Pattern, parsePattern } from '../../patterns/alphabet.ts';
import type { VirtualTopic } from '../configuration.ts';
import { covers } from '../policies/pattern-cover.ts';

interface CompiledTopic {
  /** The topics. */
  readonly pattern: Pattern;
  /** Matches the names of queues; its group is the topic. */
  readonly queueName: RegExp;
}

/** Finds the topics from which a queue receives messages. */
export class VirtualTopics {
  readonly #topics: readonly CompiledTopic[];

  constructor(topics: readonly VirtualTopic[]) {
    this.#topics = topics.map(({ name, prefix, postfix }) => ({
      pattern: parsePattern(activemqAlphabet, name),
      queueName: new RegExp(`^${expressionOf(prefix)}(.+)${expressionOf(postfix)}$`, 's'),
    }));
  }

  /** Returns the topics of a queue by its name, each once. */
  topicsOf(queueName: string): ReadonlySet<string> {
    const found = new Set<string>();
    for (const { pattern, queueName: expression } of this.#topics) {
      const topic = expression.exec(queueName)?.[1];
      if (topic !== undefined && covers(pattern, parsePattern(activemqAlphabet, topic))) {
        found.add(topic);
      }
    }
    return found;
  }
}

/** The expression for a part of a name. The wildcard `*` matches one word. */
function expressionOf(part: string): string {
  const { separator, oneWord } = activemqAlphabet;
  const words = part.split(separator).map((word) => (word === oneWord ? '[^.]*' : escaped(word)));
  return words.join('\\.');
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

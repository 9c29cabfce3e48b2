// Virtual topics: queues that receive the messages of topics.

import { noArguments } from '../../arguments.ts';
import type { Address } from '../../conversion/properties.ts';
import type { Exchange } from '../../exchanges/exchange.ts';
import { mayMatchBrokerTopic } from '../../exchanges/types/topic.ts';
import { activemqAlphabet, type Pattern, parsePattern } from '../../patterns/alphabet.ts';
import type { Queue } from '../../queue.ts';
import type { Vhost } from '../../vhost.ts';
import type { VirtualTopic } from '../configuration.ts';
import { isReserved, isWildcard } from '../destination.ts';
import { covers } from '../policies/pattern-cover.ts';
import type { SelectorAwareQueues } from './selector-aware-queues.ts';

interface CompiledTopic {
  /** The topics. */
  readonly pattern: Pattern;
  /** Matches the names of queues; its group is the topic. */
  readonly queueName: RegExp;
  readonly isSelectorAware: boolean;
}

/** The parts of the destinations that are needed here. */
export interface VirtualTopicHost {
  readonly vhost: Pick<Vhost, 'bind' | 'unbind'>;
  /** The exchange of all topics. */
  readonly topics: Exchange;
  /** The queues that only get what their consumers select. */
  readonly aware: SelectorAwareQueues;
}

/** Finds the topics from which a queue receives messages. */
export class VirtualTopics {
  readonly #topics: readonly CompiledTopic[];
  readonly #host: VirtualTopicHost;

  constructor(topics: readonly VirtualTopic[], host: VirtualTopicHost) {
    this.#host = host;
    this.#topics = topics.map(({ name, prefix, postfix, isSelectorAware }) => ({
      isSelectorAware,
      pattern: parsePattern(activemqAlphabet, name),
      queueName: new RegExp(`^${expressionOf(prefix)}(.+)${expressionOf(postfix)}$`, 's'),
    }));
  }

  /** Gives a queue the messages of its topics, and no longer those of an earlier configuration. */
  bind(queue: Queue): void {
    const { vhost, topics, aware } = this.#host;
    // Queues of subscriptions and sessions are bound to topics by their filters.
    if (isReserved({ kind: 'queue', name: queue.name })) return;
    const wanted = this.topicsOf(queue.name);
    if (wanted.size > 0 && this.#isSelectorAware(queue.name)) aware.add(queue);
    for (const { routingKey } of [...topics.bindingsTo(queue)]) {
      if (!wanted.has(routingKey)) vhost.unbind(topics, queue, routingKey, noArguments);
    }
    for (const topic of wanted) vhost.bind(topics, queue, topic, noArguments);
  }

  /** Returns the topics of a queue by its name, each once. */
  topicsOf(queueName: string): ReadonlySet<string> {
    return new Set(this.#matching(queueName).map(({ topic }) => topic));
  }

  /**
   * Whether a name only stands for the destinations that match it. A name with wildcards for the queues of
   * virtual topics is a queue itself, too, which gets the messages of all topics that it matches.
   */
  standsForOthers(address: Address): boolean {
    if (!isWildcard(address)) return false;
    return address.kind !== 'queue' || this.#matching(address.name).length === 0;
  }

  /** Whether all virtual topics of a queue are selector-aware: another one wants all messages. */
  #isSelectorAware(queueName: string): boolean {
    return this.#matching(queueName).every(({ of }) => of.isSelectorAware);
  }

  #matching(queueName: string): { readonly topic: string; readonly of: CompiledTopic }[] {
    return this.#topics.flatMap((of) => {
      const topic = of.queueName.exec(queueName)?.[1];
      if (topic === undefined || mayMatchBrokerTopic(topic)) return []; // advisories are not copied
      return covers(of.pattern, parsePattern(activemqAlphabet, topic)) ? [{ topic, of }] : [];
    });
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

// The exchange types with patterns: AMQP, ActiveMQ and MQTT.

import { requireShortName } from '../../arguments.ts';
import {
  type Alphabet,
  activemqAlphabet,
  amqpAlphabet,
  manyWords,
  mqttAlphabet,
  oneWord,
  parsePattern,
  splitKey,
} from '../../patterns/alphabet.ts';
import { PatternTree } from '../../patterns/pattern-tree.ts';
import type { Binding, Destination } from '../binding.ts';
import type { BindingIndex, ExchangeType } from '../exchange-type.ts';
import type { RouteSearch } from '../route-search.ts';

class TopicIndex implements BindingIndex {
  readonly #alphabet: Alphabet;
  readonly #tree = new PatternTree<Destination>();

  constructor(alphabet: Alphabet) {
    this.#alphabet = alphabet;
  }

  add({ routingKey, destination }: Binding): void {
    this.#tree.add(parsePattern(this.#alphabet, routingKey), destination);
  }

  remove({ routingKey, destination }: Binding): void {
    this.#tree.remove(parsePattern(this.#alphabet, routingKey), destination);
  }

  match(search: RouteSearch): Generator<void> {
    return this.#tree.match(splitKey(this.#alphabet, search.routingKey), search);
  }
}

/** The first words of the topics on which brokers of ActiveMQ's type report events. */
const brokerTopicWords = ['ActiveMQ', 'Advisory'];

/** Counts the bindings that may match a topic on which the broker reports events. */
class ActiveMqTopicIndex extends TopicIndex {
  brokerTopicCount = 0;

  override add(binding: Binding): void {
    if (mayMatchBrokerTopic(binding.routingKey)) this.brokerTopicCount++;
    super.add(binding);
  }

  override remove(binding: Binding): void {
    if (mayMatchBrokerTopic(binding.routingKey)) this.brokerTopicCount--;
    super.remove(binding);
  }
}

/** Whether a pattern of ActiveMQ may match a topic on which the broker reports events. */
export function mayMatchBrokerTopic(routingKey: string): boolean {
  const { words } = parsePattern(activemqAlphabet, routingKey);
  for (const [at, wanted] of brokerTopicWords.entries()) {
    const word = words[at];
    if (word === manyWords) return true;
    if (word !== oneWord && word !== wanted) return false;
  }
  return true;
}

function topicTypeOf(
  name: string,
  alphabet: Alphabet,
  newIndex: () => BindingIndex = () => new TopicIndex(alphabet),
): ExchangeType {
  return {
    name,
    usesKey: true,
    isCacheable: true,
    newIndex,
    checkBinding: (routingKey) => checkPattern(alphabet, routingKey),
  };
}

/**
 * A pattern with a multi-word wildcard inside is compared at many positions, so its length is
 * limited.
 */
function checkPattern(alphabet: Alphabet, text: string): void {
  const hasGap = parsePattern(alphabet, text).words.slice(0, -1).includes(manyWords);
  if (hasGap) requireShortName(`pattern with '${alphabet.manyWords}' inside`, text);
}

/** Routes messages by patterns of routing keys. */
export const topicType = topicTypeOf('topic', amqpAlphabet);

/** A topic exchange with the wildcards of ActiveMQ: `*` and a final `>`. */
export const activemqTopicType = {
  ...topicTypeOf(
    'x-activemq-topic',
    activemqAlphabet,
    () => new ActiveMqTopicIndex(activemqAlphabet),
  ),
  isReserved: true,
};

/** A topic exchange with the wildcards of MQTT: `+` and a final `#`, with `/` between words. */
export const mqttTopicType = { ...topicTypeOf('x-mqtt-topic', mqttAlphabet), isReserved: true };

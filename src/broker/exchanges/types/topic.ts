import {
  type Alphabet,
  activemqAlphabet,
  amqpAlphabet,
  mqttAlphabet,
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

function topicTypeOf(name: string, alphabet: Alphabet): ExchangeType {
  return { name, usesKey: true, isCacheable: true, newIndex: () => new TopicIndex(alphabet) };
}

/** Messages go where the pattern of a binding matches their routing key. */
export const topicType = topicTypeOf('topic', amqpAlphabet);

/** The same for ActiveMQ's destinations: `*` and a last `>`. */
export const activemqTopicType = topicTypeOf('x-activemq-topic', activemqAlphabet);

/** The same for MQTT's topic filters: `+` and a last `#` between slashes. */
export const mqttTopicType = topicTypeOf('x-mqtt-topic', mqttAlphabet);

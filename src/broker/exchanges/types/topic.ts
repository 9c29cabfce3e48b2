import { type Alphabet, amqpAlphabet, parsePattern, splitKey } from '../../patterns/alphabet.ts';
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

/** Messages go where the pattern of a binding matches their routing key. */
export const topicType: ExchangeType = {
  name: 'topic',
  usesKey: true,
  isCacheable: true,
  newIndex: () => new TopicIndex(amqpAlphabet),
};

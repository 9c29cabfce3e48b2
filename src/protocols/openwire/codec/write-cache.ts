// The structures that this side has numbered, so that it need not send them again.

/** A structure that can be cached, which has simple fields or further such structures. */
interface Cacheable {
  readonly type: number;
}

const nullKey = 'null';

/** The cache of one direction: ids and destinations by their values. */
export class WriteCache {
  readonly #size: number;
  readonly #numbers = new Map<string, number>();
  /** The numbers of objects that were found before. */
  readonly #ofObjects = new WeakMap<Cacheable, number>();
  #nullNumber = -1;

  /** @param size the negotiated number of entries */
  constructor(size: number) {
    this.#size = size;
  }

  /** Returns the number of a value; undefined if it has none. */
  find(value: Cacheable | undefined): number | undefined {
    if (value === undefined) return this.#nullNumber < 0 ? undefined : this.#nullNumber;
    const known = this.#ofObjects.get(value);
    if (known !== undefined) return known;
    const found = this.#numbers.get(keyOf(value));
    if (found !== undefined) this.#ofObjects.set(value, found);
    return found;
  }

  /** Gives a value a number. When the cache is full, it is -1, so that the peer does not keep it. */
  add(value: Cacheable | undefined): number {
    const number = this.#numbers.size;
    if (number >= this.#size) return -1;
    this.#numbers.set(value === undefined ? nullKey : keyOf(value), number);
    if (value === undefined) this.#nullNumber = number;
    else this.#ofObjects.set(value, number);
    return number;
  }
}

function keyOf(value: object): string {
  let key = '';
  for (const field of Object.values(value)) {
    if (field instanceof Uint8Array) key += `${Buffer.from(field).toString('hex')};`;
    else if (typeof field === 'object' && field !== null) key += `{${keyOf(field)}}`;
    else key += `${typeof field === 'string' ? `${field.length}:` : ''}${field};`;
  }
  return key;
}

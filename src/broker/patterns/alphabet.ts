// The syntax of patterns in AMQP, ActiveMQ and MQTT.

/** Matches exactly one word of a key. */
export const oneWord = Symbol('one word');
/** Matches any number of words of a key, including none. */
export const manyWords = Symbol('many words');

/** A word of a pattern, or a wildcard. */
export type PatternWord = string | typeof oneWord | typeof manyWords;

/** A parsed pattern, independent of its alphabet. */
export interface Pattern {
  readonly words: readonly PatternWord[];
  /** Whether it does not match keys whose first word begins with `$`. */
  readonly skipsReserved: boolean;
}

/** The syntax of keys and patterns in a family of protocols. */
export interface Alphabet {
  readonly separator: string;
  readonly oneWord: string;
  readonly manyWords: string;
  /** Whether `manyWords` is a wildcard only as the last word. Elsewhere it is ordinary text. */
  readonly isManyLastOnly: boolean;
  /** Whether an empty key has no words. Otherwise it has one empty word. */
  readonly isEmptyWithoutWords: boolean;
  /** Whether a wildcard in the first position does not match words that begin with `$`. */
  readonly hidesReserved: boolean;
}

/** AMQP 0-9-1, topic exchanges (3.1.3.3). */
export const amqpAlphabet: Alphabet = {
  separator: '.',
  oneWord: '*',
  manyWords: '#',
  isManyLastOnly: false,
  isEmptyWithoutWords: true,
  hidesReserved: false,
};

/** ActiveMQ destinations. */
export const activemqAlphabet: Alphabet = {
  separator: '.',
  oneWord: '*',
  manyWords: '>',
  isManyLastOnly: true,
  isEmptyWithoutWords: false,
  hidesReserved: false,
};

/** MQTT's topic filters (MQTT 5, 4.7). */
export const mqttAlphabet: Alphabet = {
  separator: '/',
  oneWord: '+',
  manyWords: '#',
  isManyLastOnly: true,
  isEmptyWithoutWords: false,
  hidesReserved: true, // [MQTT-4.7.2-1]
};

/** Splits a key into words. */
export function splitKey(alphabet: Alphabet, key: string): string[] {
  return key === '' && alphabet.isEmptyWithoutWords ? [] : key.split(alphabet.separator);
}

/** Parses a pattern. Every text is a valid pattern. Consecutive `manyWords` count as one. */
export function parsePattern(alphabet: Alphabet, text: string): Pattern {
  const parts = splitKey(alphabet, text);
  const words: PatternWord[] = [];
  for (const [at, part] of parts.entries()) {
    const isMany = part === alphabet.manyWords;
    if (part === alphabet.oneWord) words.push(oneWord);
    else if (!isMany || (alphabet.isManyLastOnly && at < parts.length - 1)) words.push(part);
    else if (words.at(-1) !== manyWords) words.push(manyWords);
  }
  return { words, skipsReserved: alphabet.hidesReserved && typeof words[0] === 'symbol' };
}

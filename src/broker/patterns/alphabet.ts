/** Stands for exactly one word of a key. */
export const oneWord = Symbol('one word');
/** Stands for any number of words of a key, none included. */
export const manyWords = Symbol('many words');

/** A word that a key must have at this place, or a wildcard. */
export type PatternWord = string | typeof oneWord | typeof manyWords;

/** A pattern as {@link PatternTree} stores it, whatever alphabet it was written in. */
export interface Pattern {
  readonly words: readonly PatternWord[];
  /** Whether it matches no key whose first word begins with `$`. */
  readonly skipsReserved: boolean;
}

/** How a family of protocols writes keys and patterns. */
export interface Alphabet {
  readonly separator: string;
  readonly oneWord: string;
  readonly manyWords: string;
  /** Whether `manyWords` is a wildcard only where it is the last word; elsewhere it is ordinary text. */
  readonly isManyLastOnly: boolean;
  /** Whether an empty key has no words; otherwise it has one empty word. */
  readonly isEmptyWithoutWords: boolean;
  /** Whether a wildcard in the first place does not match a word that begins with `$`. */
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

/** ActiveMQ's destinations. */
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

/** The words of a key. */
export function splitKey(alphabet: Alphabet, key: string): string[] {
  return key === '' && alphabet.isEmptyWithoutWords ? [] : key.split(alphabet.separator);
}

/** Reads a pattern; every text is one. Several `manyWords` in a row are one. */
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

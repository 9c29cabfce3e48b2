// The labelled texts by which the rules are measured.

import type { SeededRandom } from '../support/seeded-random.ts';
import { email, phone } from './contacts.ts';
import { handWrittenNegatives, negativeMakers } from './negatives.ts';
import { numbersOf } from './numbers.ts';
import { secretsOf } from './secret-samples.ts';

/** A text with the kinds of data in it. */
export interface Sample {
  readonly text: string;
  /** The name of the value: the key of a tag, or the name of a header. */
  readonly name?: string;
  readonly kinds: readonly string[];
}

/** Names of persons, as an operator would list them. */
export const listedNames = [
  'Ingrid Sørensen',
  'Tomasz Wójcik',
  'Jean-Pierre Lambert',
  'Priya Raman',
];

/** Kinds whose numbers other numbers resemble: only words beside them tell them apart. */
const needsWords = new Set([
  'de-tax-id',
  'nl-bsn',
  'pl-pesel',
  'no-fodselsnummer',
  'pt-nif',
  'ie-ppsn',
  'ca-sin',
  'in-aadhaar',
]);

const perKind = 24;
const perCommonKind = 60;

/** A text that contains a value, as names, descriptions, tags, headers and bodies do. */
function around(random: SeededRandom, value: string, word: string, withWord: boolean): Sample {
  const named = word.toLowerCase().replaceAll(' ', random.pick(['_', '-']));
  const withoutWord: (() => Omit<Sample, 'kinds'>)[] = [
    () => ({ text: value }),
    () => ({ text: `tenant ${value}` }),
    () => ({ text: `Created for ${value}, see the contract.` }),
    () => ({ text: `{"a":1,"value":"${value.replaceAll('"', '\\"')}","b":[true]}` }),
    () => ({ text: `4711;${value};open` }),
    () => ({ text: value, name: random.pick(['owner', 'contact', 'note']) }),
    () => ({ text: `line 1\nvalue: ${value}\nline 3` }),
  ];
  const withWords: (() => Omit<Sample, 'kinds'>)[] = [
    () => ({ text: `${word}: ${value}` }),
    () => ({ text: `${word} ${value}` }),
    () => ({ text: `{"${named}":"${value}","b":2}` }),
    () => ({ text: value, name: named }),
    () => ({ text: `customer with ${word} ${value} moved` }),
    () => ({ text: `<${named.replaceAll('-', '_')}>${value}</${named.replaceAll('-', '_')}>` }),
  ];
  return { ...random.pick(withWord ? withWords : withoutWord)(), kinds: [] };
}

function positives(random: SeededRandom): Sample[] {
  const samples: Sample[] = [];
  const add = (kind: string, count: number, make: () => Sample) => {
    for (let i = 0; i < count; i += 1) samples.push({ ...make(), kinds: [kind] });
  };
  add('email', perCommonKind, () => around(random, email(random), 'mail', random.oneIn(3)));
  add('phone', perCommonKind, () => around(random, phone(random), 'phone', random.oneIn(3)));
  for (const [kind, { make, words }] of Object.entries(numbersOf)) {
    const isCommon = kind === 'payment-card' || kind === 'iban';
    add(kind, isCommon ? perCommonKind : perKind, () => {
      const withWord = needsWords.has(kind) || random.oneIn(2);
      return around(random, make(random), random.pick(words), withWord);
    });
  }
  for (const [kind, make] of Object.entries(secretsOf)) {
    add(kind, perKind, () => around(random, make(random), 'value', false));
  }
  add('person-name', perKind, () => {
    const name = random.pick(listedNames);
    const shape = random.pick([
      name,
      name.toUpperCase(),
      name.replace(' ', '.'),
      name.toLowerCase(),
    ]);
    return around(random, shape, 'owner', random.oneIn(2));
  });
  return samples;
}

/** Bodies with data of two kinds. */
function mixed(random: SeededRandom): Sample {
  const numbers = ['us-ssn', 'fr-nir', 'es-dni', 'it-codice-fiscale', 'payment-card'];
  const kind = random.pick(numbers);
  const number = numbersOf[kind]?.make(random) ?? '';
  const text = JSON.stringify({ id: random.below(1e6), mail: email(random), number, paid: true });
  return { text, kinds: ['email', kind] };
}

/** Makes the corpus. The same seed makes the same texts. */
export function makeCorpus(random: SeededRandom, count: number): Sample[] {
  const samples = positives(random);
  for (let i = 0; i < 20; i += 1) samples.push(mixed(random));
  for (const text of handWrittenNegatives) samples.push({ text, kinds: [] });
  for (let i = 0; samples.length < count; i += 1) {
    const make = negativeMakers[i % negativeMakers.length];
    if (make !== undefined) samples.push({ text: make(random), kinds: [] });
  }
  return samples;
}

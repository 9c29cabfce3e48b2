// E-mail addresses and phone numbers, for the corpus.

import type { SeededRandom } from '../support/seeded-random.ts';
import { digits } from './numbers.ts';

const given = ['anna', 'john', 'Maria', 'lukas', 'zoë', 'Pierre', 'giulia', 'sven', 'Aisha', 'li'];
const family = ['meier', 'Smith', 'garcia', 'dubois', 'Rossi', 'jensen', 'khan', 'wang', "o'neil"];
const domains = [
  'example.com',
  'mail.example.org',
  'firma-gmbh.de',
  'acme.co.uk',
  'müller.de',
  'studio.museum',
  'x.io',
  'EXAMPLE.NET',
];

/** An e-mail address, in one of the forms that texts have. */
export function email(random: SeededRandom): string {
  const [first, last, domain] = [random.pick(given), random.pick(family), random.pick(domains)];
  const user = random.pick([
    `${first}.${last.replace("'", '')}`,
    `${first}${random.below(100)}`,
    `${first[0]}_${last.replace("'", '')}`,
    `${first}+orders`,
    `${last.replace("'", '')}-${first}`,
  ]);
  return random.pick([
    `${user}@${domain}`,
    `${user}@${domain}`,
    `<${user}@${domain}>`,
    `mailto:${user}@${domain}`,
    `${user}%40${domain}`,
  ]);
}

/** Where the numbers of a country begin, and how many digits follow. */
const international = [
  ['+1 212 ', '736 ', 4],
  ['+1415', '626', 4],
  ['+44 7400 ', '', 6],
  ['+44 20 7946 ', '', 4],
  ['+49 30 ', '9018', 4],
  ['+49171', '2', 6],
  ['+33 6 12 34 ', '5', 3],
  ['+31 6 ', '12', 6],
  ['+34 612 ', '', 6],
  ['+39 347 ', '', 7],
  ['+91 98', '', 8],
  ['+81 90-1234-', '', 4],
  ['+55 11 9', '8', 7],
  ['+61 412 ', '', 6],
  ['+46 70-', '', 7],
  ['+41 79 ', '', 7],
] as const;

/** A number with its country code. */
function international164(random: SeededRandom): string {
  const [country, area, count] = random.pick(international);
  const number = `${country}${area}${digits(random, count)}`;
  return random.oneIn(3) ? number.replace(/[ -]/g, '') : number;
}

/** A number in a national form; some forms are only known beside a word. */
function national(random: SeededRandom): string {
  return random.pick([
    `(212) 736-${digits(random, 4)}`,
    `415-626-${digits(random, 4)}`,
    `312.642.${digits(random, 4)}`,
    `phone: 0171 2${digits(random, 6)}`,
    `Tel. 030 9018${digits(random, 4)}`,
    `Handy 0160/9${digits(random, 7)}`,
    `06 12 34 ${digits(random, 2)} ${digits(random, 2)}`,
    `01.42.68.${digits(random, 2)}.${digits(random, 2)}`,
    `07400 ${digits(random, 6)}`,
    `020 7946 ${digits(random, 4)}`,
    `"mobile":"07400${digits(random, 6)}"`,
    `teléfono: 612 34 ${digits(random, 2)} ${digits(random, 2)}`,
    `phone_number=2127${digits(random, 6).replace(/^./, '3')}`,
    `fax: 0031 20 5${digits(random, 6)}`,
  ]);
}

/** A phone number. */
export function phone(random: SeededRandom): string {
  return random.oneIn(2) ? international164(random) : national(random);
}

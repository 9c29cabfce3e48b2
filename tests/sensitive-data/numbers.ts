// Numbers of persons and accounts with correct check digits, for the corpus. The check digits are
// computed here, as the issuers describe them, and not with the code that the rules use.

import type { SeededRandom } from '../support/seeded-random.ts';

/** Random characters of an alphabet. */
export function characters(random: SeededRandom, alphabet: string, count: number): string {
  let text = '';
  for (let i = 0; i < count; i += 1) text += alphabet[random.below(alphabet.length)];
  return text;
}

/** Random digits. */
export const digits = (random: SeededRandom, count: number) =>
  characters(random, '0123456789', count);

const lettersUpper = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const two = (value: number) => String(value).padStart(2, '0');
const digitsOf = (text: string) => [...text].map(Number);

function weighted(text: string, weights: readonly number[]): number {
  return digitsOf(text).reduce((sum, digit, i) => sum + digit * (weights[i] ?? 0), 0);
}

/** A date of birth from 1940 to 1999. */
function birth(random: SeededRandom): { yy: string; mm: string; dd: string; year: number } {
  const year = 1940 + random.below(60);
  const [mm, dd] = [two(1 + random.below(12)), two(1 + random.below(28))];
  return { yy: two(year % 100), mm, dd, year };
}

/** The check digit of Luhn's algorithm. */
export function luhnDigit(payload: string): number {
  const sum = digitsOf(payload)
    .reverse()
    .map((digit, i) => (i % 2 === 0 ? digit * 2 : digit))
    .reduce((total, value) => total + Math.floor(value / 10) + (value % 10), 0);
  return (10 - (sum % 10)) % 10;
}

function card(random: SeededRandom): string {
  const [prefix, length, shape] = random.pick([
    ['4', 16, '4444'],
    [`5${1 + random.below(5)}`, 16, '4444'],
    [String(2221 + random.below(499)), 16, '4444'],
    [random.pick(['34', '37']), 15, '465'],
    ['6011', 16, '4444'],
    [String(3528 + random.below(61)), 16, '4444'],
  ] as const);
  const payload = prefix + digits(random, length - prefix.length - 1);
  const number = payload + luhnDigit(payload);
  const separator = random.pick(['', '', ' ', '-']);
  return grouped(number, digitsOf(shape), separator);
}

/** Splits a number into groups of these lengths; the last length repeats. */
function grouped(text: string, lengths: readonly number[], separator: string): string {
  const groups: string[] = [];
  for (let at = 0, i = 0; at < text.length; i += 1) {
    const length = lengths[Math.min(i, lengths.length - 1)] ?? text.length;
    groups.push(text.slice(at, at + length));
    at += length;
  }
  return groups.join(separator);
}

const accountFormats: Readonly<Record<string, string>> = {
  DE: '9'.repeat(18),
  AT: '9'.repeat(16),
  BE: '9'.repeat(12),
  CH: '9'.repeat(17),
  ES: '9'.repeat(20),
  FR: '9'.repeat(23),
  GB: `AAAA${'9'.repeat(14)}`,
  IE: `AAAA${'9'.repeat(14)}`,
  IT: `A${'9'.repeat(22)}`,
  NL: `AAAA${'9'.repeat(10)}`,
  PL: '9'.repeat(24),
  PT: '9'.repeat(21),
  SE: '9'.repeat(20),
};

function ibanDigits(country: string, account: string): string {
  const numeric = `${account}${country}00`.replace(/[A-Z]/g, (letter) =>
    String(letter.charCodeAt(0) - 55),
  );
  return two(98 - Number(BigInt(numeric) % 97n));
}

function iban(random: SeededRandom): string {
  const country = random.pick(Object.keys(accountFormats));
  const account = (accountFormats[country] ?? '').replace(/[9A]/g, (kind) =>
    kind === '9' ? digits(random, 1) : characters(random, lettersUpper, 1),
  );
  const number = `${country}${ibanDigits(country, account)}${account}`;
  return random.pick([number, number, grouped(number, [4], ' '), number.toLowerCase()]);
}

/** An account number whose check digits are wrong. */
export function wrongIban(random: SeededRandom): string {
  const account = digits(random, 18);
  // The right digits are between 02 and 98, and this is never the same.
  return `DE${two((Number(ibanDigits('DE', account)) % 97) + 1)}${account}`;
}

/** A number of 16 digits that begins like a card and fails Luhn's check. */
export function wrongCard(random: SeededRandom): string {
  const payload = random.pick(['4', '51', '55', '6011']).padEnd(15, digits(random, 15));
  return payload + ((luhnDigit(payload) + 1 + random.below(9)) % 10);
}

function ssn(random: SeededRandom): string {
  const area = 100 + random.below(500);
  return `${area}-${two(1 + random.below(99))}-${String(1 + random.below(9998)).padStart(4, '0')}`;
}

function nino(random: SeededRandom): string {
  const prefix = random.pick(['AB', 'CE', 'JG', 'HR', 'PX', 'SY', 'ZW', 'LM']);
  const number = digits(random, 6);
  const suffix = random.pick(['A', 'B', 'C', 'D']);
  return random.pick([
    `${prefix}${number}${suffix}`,
    `${prefix} ${grouped(number, [2], ' ')} ${suffix}`,
  ]);
}

function shuffled<T>(random: SeededRandom, items: readonly T[]): T[] {
  const left = [...items];
  return items.map(() => left.splice(random.below(left.length), 1)[0] as T);
}

/** Of the first ten digits, exactly one occurs twice; the check digit is that of ISO 7064 11,10. */
function taxIdOfGermany(random: SeededRandom): string {
  const pool = shuffled(random, [...'0123456789']);
  const [repeated = '1', dropped = '2'] = pool;
  const first = pool.filter((digit) => digit !== dropped);
  first.splice(3 + random.below(6), 0, repeated);
  if (first[0] === '0') first.reverse();
  let product = 10;
  for (const digit of first.map(Number)) {
    const sum = (digit + product) % 10 || 10;
    product = (sum * 2) % 11;
  }
  const check = (11 - product) % 10;
  return first.join('') + check;
}

function nir(random: SeededRandom): string {
  const { yy, mm } = birth(random);
  const department = two(1 + random.below(90));
  const number = `${1 + random.below(2)}${yy}${mm}${department}${digits(random, 6)}`;
  const key = two(97 - Number(BigInt(number) % 97n));
  return random.pick([number + key, `${grouped(number, [1, 2, 2, 2, 3, 3], ' ')} ${key}`]);
}

function bsn(random: SeededRandom): string {
  for (;;) {
    const number = `${1 + random.below(9)}${digits(random, 7)}`;
    const check = weighted(number, [9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    if (check < 10) return number + check;
  }
}

const dniLetters = 'TRWAGMYFPDXBNJZSQVHLCKE';

function dni(random: SeededRandom): string {
  const number = digits(random, 8);
  const prefix = random.below(3);
  const foreign = digits(random, 7);
  const letterOf = (value: number) => dniLetters[value % 23];
  return random.pick([
    number + letterOf(Number(number)),
    `${number}-${letterOf(Number(number))}`,
    `${'XYZ'[prefix]}${foreign}${letterOf(Number(prefix + foreign))}`,
  ]);
}

const oddValues = [
  1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23,
];

function codiceFiscale(random: SeededRandom): string {
  const consonants = 'BCDFGLMNPRSTVZ';
  const { yy, dd } = birth(random);
  const day = Number(dd) + 40 * random.below(2);
  const body = `${characters(random, consonants, 6)}${yy}${characters(random, 'ABCDEHLMPRST', 1)}${two(day)}${random.pick(['A', 'F', 'H'])}${100 + random.below(160)}`;
  const sum = [...body].reduce((total, character, i) => {
    const value = /\d/.test(character) ? Number(character) : character.charCodeAt(0) - 65;
    return total + (i % 2 === 0 ? (oddValues[value] ?? 0) : value);
  }, 0);
  return body + lettersUpper[sum % 26];
}

function belgian(random: SeededRandom): string {
  const { yy, mm, dd } = birth(random);
  const serial = String(1 + random.below(997)).padStart(3, '0');
  const check = two(97 - (Number(`${yy}${mm}${dd}${serial}`) % 97));
  return `${yy}.${mm}.${dd}-${serial}.${check}`;
}

function pesel(random: SeededRandom): string {
  const { yy, mm, dd } = birth(random);
  const number = `${yy}${mm}${dd}${digits(random, 4)}`;
  return number + ((10 - (weighted(number, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10)) % 10);
}

function personnummer(random: SeededRandom): string {
  const { year, yy, mm, dd } = birth(random);
  const serial = digits(random, 3);
  const check = luhnDigit(`${yy}${mm}${dd}${serial}`);
  return random.pick([`${yy}${mm}${dd}-${serial}${check}`, `${year}${mm}${dd}-${serial}${check}`]);
}

function cpr(random: SeededRandom): string {
  const { yy, mm, dd } = birth(random);
  for (;;) {
    const number = `${dd}${mm}${yy}${random.below(4)}${digits(random, 2)}`;
    const rest = weighted(number, [4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
    if (rest !== 1) return `${number.slice(0, 6)}-${number.slice(6)}${(11 - rest) % 11}`;
  }
}

function hetu(random: SeededRandom): string {
  const { yy, mm, dd } = birth(random);
  const serial = String(2 + random.below(897)).padStart(3, '0');
  const check = '0123456789ABCDEFHJKLMNPRSTUVWXY'[Number(`${dd}${mm}${yy}${serial}`) % 31];
  return `${dd}${mm}${yy}-${serial}${check}`;
}

function fodselsnummer(random: SeededRandom): string {
  for (;;) {
    const { yy, mm, dd } = birth(random);
    const number = `${dd}${mm}${yy}${String(random.below(500)).padStart(3, '0')}`;
    const first = (11 - (weighted(number, [3, 7, 6, 1, 8, 9, 4, 5, 2]) % 11)) % 11;
    const second = (11 - (weighted(number + first, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11;
    if (first < 10 && second < 10) return `${number}${first}${second}`;
  }
}

function nif(random: SeededRandom): string {
  const number = `${random.pick(['1', '2'])}${digits(random, 7)}`;
  const check = 11 - (weighted(number, [9, 8, 7, 6, 5, 4, 3, 2]) % 11);
  return number + (check > 9 ? 0 : check);
}

function ahv(random: SeededRandom): string {
  const number = `756${digits(random, 9)}`;
  const check = (10 - (weighted(number, [1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3]) % 10)) % 10;
  const all = `${number}${check}`;
  return random.pick([all, grouped(all, [3, 4, 4, 2], '.')]);
}

function ppsn(random: SeededRandom): string {
  const number = digits(random, 7);
  return number + 'WABCDEFGHIJKLMNOPQRSTUV'[weighted(number, [8, 7, 6, 5, 4, 3, 2]) % 23];
}

function cpf(random: SeededRandom): string {
  let number = digits(random, 9);
  for (const weights of [
    [10, 9, 8, 7, 6, 5, 4, 3, 2],
    [11, 10, 9, 8, 7, 6, 5, 4, 3, 2],
  ]) {
    const rest = weighted(number, weights) % 11;
    number += rest < 2 ? 0 : 11 - rest;
  }
  return `${grouped(number.slice(0, 9), [3], '.')}-${number.slice(9)}`;
}

function sin(random: SeededRandom): string {
  const payload = `${1 + random.below(7)}${digits(random, 7)}`;
  return grouped(payload + luhnDigit(payload), [3], random.pick(['', ' ', '-']));
}

/** The dihedral group of order 10 and the permutation of Verhoeff's algorithm. */
function verhoeffDigit(payload: string): number {
  const multiply = (a: number, b: number) => {
    if (a < 5) return b < 5 ? (a + b) % 5 : ((a + b - 5) % 5) + 5;
    return b < 5 ? ((a - 5 - b + 5) % 5) + 5 : (a - b + 5) % 5;
  };
  const permutation = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
  const permuted = (digit: number, times: number): number =>
    times === 0 ? digit : permuted(permutation[digit] ?? 0, times - 1);
  const sum = digitsOf(payload)
    .reverse()
    .reduce((total, digit, i) => multiply(total, permuted(digit, (i + 1) % 8)), 0);
  return [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].findIndex((digit) => multiply(sum, digit) === 0);
}

function aadhaar(random: SeededRandom): string {
  const payload = `${2 + random.below(8)}${digits(random, 10)}`;
  return grouped(payload + verhoeffDigit(payload), [4], random.pick(['', ' ']));
}

function residentId(random: SeededRandom): string {
  const { year, mm, dd } = birth(random);
  const number = `${random.pick(['110101', '310104', '440305'])}${year}${mm}${dd}${digits(random, 3)}`;
  const weights = Array.from({ length: 17 }, (_, i) => 2 ** (17 - i) % 11);
  return number + '10X98765432'[weighted(number, weights) % 11];
}

/** A number of each kind, and words that people write beside it. */
export const numbersOf: Readonly<
  Record<string, { make(random: SeededRandom): string; words: readonly string[] }>
> = {
  'payment-card': { make: card, words: ['card', 'Visa', 'credit card'] },
  iban: { make: iban, words: ['IBAN', 'account', 'Konto'] },
  'us-ssn': { make: ssn, words: ['SSN', 'social security number'] },
  'gb-nino': { make: nino, words: ['NINO', 'national insurance'] },
  'de-tax-id': { make: taxIdOfGermany, words: ['Steuer-ID', 'steuerId', 'IdNr'] },
  'fr-nir': { make: nir, words: ['NIR', 'sécurité sociale'] },
  'nl-bsn': { make: bsn, words: ['BSN', 'burgerservicenummer'] },
  'es-dni': { make: dni, words: ['DNI', 'documento'] },
  'it-codice-fiscale': { make: codiceFiscale, words: ['codice fiscale', 'CF'] },
  'be-national-number': { make: belgian, words: ['rijksregisternummer', 'NISS'] },
  'pl-pesel': { make: pesel, words: ['PESEL', 'pesel'] },
  'se-personnummer': { make: personnummer, words: ['personnummer'] },
  'dk-cpr': { make: cpr, words: ['CPR'] },
  'fi-hetu': { make: hetu, words: ['henkilötunnus', 'HETU'] },
  'no-fodselsnummer': { make: fodselsnummer, words: ['fødselsnummer', 'fnr'] },
  'pt-nif': { make: nif, words: ['NIF', 'contribuinte'] },
  'ch-ahv': { make: ahv, words: ['AHV', 'AHV-Nr'] },
  'ie-ppsn': { make: ppsn, words: ['PPSN', 'PPS number'] },
  'br-cpf': { make: cpf, words: ['CPF'] },
  'ca-sin': { make: sin, words: ['SIN', 'social insurance number'] },
  'in-aadhaar': { make: aadhaar, words: ['Aadhaar', 'aadhaar'] },
  'cn-resident-id': { make: residentId, words: ['身份证', 'id card'] },
};

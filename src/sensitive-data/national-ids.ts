// Rules for identity, tax and social security numbers of countries.

import { isEan, isIdentityCard, isLuhnNumber, isTaxId } from './libraries.ts';
import { compact, isNear, isVaried, type Rule, wordPattern } from './rule.ts';

/** A number is not part of a longer group of digits with dots, hyphens or slashes. */
const before = '(?<![A-Za-z0-9]|\\d[-./])';
const after = '(?![A-Za-z0-9]|[-./]\\d)';

/**
 * Declares a rule.
 *
 * @param format the format of the number, without the boundaries
 * @param isValid checks the number without separators
 * @param words words of which one must be near, for formats that other numbers have too
 */
function id(
  kind: Rule['kind'],
  format: string,
  isValid: (number: string, text: string) => boolean,
  words?: readonly string[],
): Rule {
  const near = words && wordPattern(words);
  return {
    kind,
    pattern: new RegExp(`${before}(?:${format})${after}`, 'g'),
    accepts: ([text], around) =>
      (near === undefined || isNear(near, around)) && isValid(compact(text).toUpperCase(), text),
  };
}

/** Numbers that were published, for example in advertisements, and belong to nobody. */
const publishedSsns = new Set(['078051120', '219099999', '123456789']);

/** The areas, groups and serial numbers that exist; there is no check digit. */
function isSsn(number: string): boolean {
  if (/^(?:000|666|9)/.test(number) || /^\d{3}00|0000$/.test(number)) return false;
  return isVaried(number, 2) && !publishedSsns.has(number);
}

/** The prefixes that are not allocated, apart from those that the library knows. */
function isNino(number: string): boolean {
  return !/^(?:BG|KN|NT)/.test(number) && isTaxId(number, 'en-GB');
}

/** The check digits are the complement of the number modulo 97. */
function isNir(number: string): boolean {
  const digits = number.replace('2A', '19').replace('2B', '18');
  return 97 - (Number(digits.slice(0, 13)) % 97) === Number(digits.slice(13));
}

/** Two check digits, each of all digits before it, modulo 11. */
function isCpf(number: string): boolean {
  if (!isVaried(number, 2)) return false;
  return [9, 10].every((count) => {
    let sum = 0;
    for (let i = 0; i < count; i += 1) sum += Number(number[i]) * (count + 1 - i);
    return ((sum * 10) % 11) % 10 === Number(number[count]);
  });
}

const ssnWords = ['ssn', 'social security', 'social security number', 'taxpayer'];
const taxWords = [
  'steuer id',
  'steuerid',
  'steuer idnr',
  'idnr',
  'steuernummer',
  'steueridentifikationsnummer',
  'identifikationsnummer',
  'tax id',
  'taxid',
  'tin',
];

/** Numbers of countries, in the order in which they are searched. */
export const nationalIdRules: readonly Rule[] = [
  id(
    'cn-resident-id',
    '[1-9]\\d{16}[\\dXx]',
    (number) => number.length === 18 && isIdentityCard(number, 'zh-CN'),
  ),
  id(
    'it-codice-fiscale',
    '[A-Za-z]{6}\\d{2}[A-EHLMPR-Ta-ehlmpr-t]\\d{2}[A-Za-z]\\d{3}[A-Za-z]',
    (number) => isTaxId(number, 'it-IT'),
  ),
  id(
    'fr-nir',
    '[12][ .]?\\d{2}[ .]?(?:0[1-9]|1[0-2])[ .]?(?:\\d{2}|2[ABab])[ .]?\\d{3}[ .]?\\d{3}[ .]?\\d{2}',
    isNir,
  ),
  id('ch-ahv', '756\\.\\d{4}\\.\\d{4}\\.\\d{2}|756\\d{10}', (number) => isEan(number)),
  id('be-national-number', '\\d{2}\\.\\d{2}\\.\\d{2}-\\d{3}\\.\\d{2}', (number) =>
    isTaxId(number, 'fr-BE'),
  ),
  id('be-national-number', '\\d{11}', (number) => isTaxId(number, 'fr-BE'), [
    'rijksregister',
    'rijksregisternummer',
    'registre national',
    'insz',
    'niss',
    'national register',
  ]),
  id('br-cpf', '\\d{3}\\.\\d{3}\\.\\d{3}-\\d{2}', isCpf),
  id('br-cpf', '\\d{11}', isCpf, ['cpf']),
  id('us-ssn', '\\d{3}-\\d{2}-\\d{4}', isSsn),
  id('us-ssn', '\\d{9}|\\d{3} \\d{2} \\d{4}', isSsn, ssnWords),
  id('gb-nino', '[A-Z]{2} ?\\d{2} ?\\d{2} ?\\d{2} ?[A-D]', isNino),
  id('gb-nino', '[a-z]{2} ?\\d{2} ?\\d{2} ?\\d{2} ?[a-d]', isNino, [
    'nino',
    'national insurance',
    'ni number',
  ]),
  id('es-dni', '\\d{8}-?[A-Z]|\\d{2}\\.\\d{3}\\.\\d{3}-?[A-Z]|[XYZ]-?\\d{7}-?[A-Z]', (number) =>
    isIdentityCard(number, 'ES'),
  ),
  id('es-dni', '\\d{8}-?[a-z]|[xyz]-?\\d{7}-?[a-z]', (number) => isIdentityCard(number, 'ES'), [
    'dni',
    'nie',
    'nif',
  ]),
  // Before the numbers of Sweden, which have the same format: a number may be valid in both.
  id('dk-cpr', '\\d{6}-?\\d{4}', (_, text) => isTaxId(text, 'dk-DK'), ['cpr', 'cpr nr', 'cprnr']),
  id('fi-hetu', '\\d{6}[-+A]\\d{3}[0-9A-FHJ-NPR-Y]', (_, text) => isTaxId(text, 'fi-FI')),
  // The check digit does not include the century.
  id('se-personnummer', '(?:19|20)?\\d{6}[-+]\\d{4}', (_, text) =>
    isTaxId(text.slice(-11), 'sv-SE'),
  ),
  id('dk-cpr', '\\d{6}-\\d{4}', (_, text) => isTaxId(text, 'dk-DK')),
  id('pl-pesel', '\\d{11}', (number) => isIdentityCard(number, 'PL'), ['pesel']),
  id('in-aadhaar', '[2-9]\\d{3}[ -]?\\d{4}[ -]?\\d{4}', (number) => isIdentityCard(number, 'IN'), [
    'aadhaar',
    'aadhar',
    'uidai',
  ]),
  id(
    'de-tax-id',
    '[1-9]\\d[ /]?\\d{3}[ /]?\\d{3}[ /]?\\d{3}',
    (number) => isTaxId(number, 'de-DE'),
    taxWords,
  ),
  id('no-fodselsnummer', '\\d{6} ?\\d{5}', (number) => isIdentityCard(number, 'NO'), [
    'fødselsnummer',
    'fodselsnummer',
    'personnummer',
    'fnr',
    'fødselsnr',
  ]),
  id('nl-bsn', '\\d{9}|\\d{4}\\.\\d{2}\\.\\d{3}', (number) => isTaxId(number, 'nl-NL'), [
    'bsn',
    'burgerservicenummer',
    'sofinummer',
  ]),
  id('pt-nif', '\\d{3} ?\\d{3} ?\\d{3}', (number) => isTaxId(number, 'pt-PT'), [
    'nif',
    'contribuinte',
    'número fiscal',
  ]),
  id('ca-sin', '\\d{3}[ -]?\\d{3}[ -]?\\d{3}', (number) => isLuhnNumber(number), [
    'sin',
    'social insurance',
    'nas',
  ]),
  id('ie-ppsn', '\\d{7}[A-Wa-w][A-IWa-iw]?', (number) => isTaxId(number, 'en-IE'), [
    'pps',
    'ppsn',
    'pps number',
  ]),
];

// Rules for phone numbers.

import { type CountryCode, parsePhoneNumberFromString } from 'libphonenumber-js/max';
import { asWords, type Rule } from './rule.ts';

/** A check takes tens of microseconds for each country, so few candidates are checked. */
const candidateCountMax = 8;

const phoneWords = [
  'phones?',
  'telephone',
  'tel',
  'mobile',
  'cell',
  'fax',
  'whatsapp',
  'msisdn',
  'telefon',
  'handy',
  'mobil',
  'rufnummer',
  'téléphone',
  'portable',
  'teléfono',
  'telefono',
  'móvil',
  'cellulare',
  'telefone',
  'telemóvel',
  'celular',
  'telefoon',
  'mobiel',
  'puhelin',
];

/** A word for a phone right before the number: `phone: `, `"mobile":"`, `phone_number=`. */
const afterWord = new RegExp(
  `(?<!\\p{L})(?:${phoneWords.join('|')})(?!\\p{L})[^\\d/?\\n]{0,12}$`,
  'u',
);

/** Characters before a number in which the word is looked for. */
const charactersBefore = 32;

/** The countries whose national numbers are recognised beside a word for a phone. */
const countries: readonly CountryCode[] = [
  'US',
  'GB',
  'DE',
  'FR',
  'ES',
  'IT',
  'NL',
  'BE',
  'CH',
  'AT',
  'SE',
  'PL',
  'PT',
  'BR',
  'IN',
  'AU',
];

/** Beginnings of a candidate that are tried, each without one more group of digits at its end. */
const triedCountMax = 3;

function isPhone(text: string, country?: CountryCode): boolean {
  let rest = text;
  for (let tried = 0; tried < triedCountMax; tried += 1) {
    if (parsePhoneNumberFromString(rest, country)?.isValid()) return true;
    const cut = rest.search(/[ ()./-]{1,3}\d{1,8}$/);
    if (cut <= 0) return false;
    rest = rest.slice(0, cut);
  }
  return false;
}

const international: Rule = {
  kind: 'phone',
  pattern: /(?<![A-Za-z0-9+])\+\d(?:[ ()./-]{0,3}\d){6,15}(?![A-Za-z0-9])/g,
  accepts: ([text]) => isPhone(text),
  candidateCountMax,
};

/** `(212) 736-5000`, `212-736-5000`, `1 212 736 5000` */
const northAmerican: Rule = {
  kind: 'phone',
  pattern:
    /(?<![A-Za-z0-9]|\d[-. ])(?:1[-. ])?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}([-. ]))[2-9]\d{2}[-. ]\d{4}(?![A-Za-z0-9]|[-. ]\d)/g,
  accepts: ([text]) => isPhone(text, 'US'),
  candidateCountMax,
};

/** `01 42 68 53 00`, `06.12.34.56.78` */
const french: Rule = {
  kind: 'phone',
  pattern: /(?<![A-Za-z0-9]|\d[-. ])0[1-9](?:([ .-])\d{2})(?:\1\d{2}){3}(?![A-Za-z0-9]|[-. ]\d)/g,
  accepts: ([text]) => isPhone(text, 'FR'),
  candidateCountMax,
};

/** `07700 900123`, `020 7946 0018` */
const british: Rule = {
  kind: 'phone',
  pattern:
    /(?<![A-Za-z0-9]|\d[-. ])(?:07\d{3} \d{3} ?\d{3}|02\d \d{4} \d{4}|01\d{3} \d{6})(?![A-Za-z0-9]|[-. ]\d)/g,
  accepts: ([text]) => isPhone(text, 'GB'),
  candidateCountMax,
};

const national: Rule = {
  kind: 'phone',
  pattern: /(?<![A-Za-z0-9+]|\d[.,])\(?\d(?:[ ()./-]{0,3}\d){7,14}(?![A-Za-z0-9])/g,
  accepts: ([text], around) => {
    const hasTrunkPrefix = /^\(?0/.test(text);
    // Eight digits without a trunk prefix are more often dates and counters.
    if (!hasTrunkPrefix && text.replace(/\D/g, '').length < 9) return false;
    const { text: whole, start } = around;
    const beforeNumber = whole.slice(Math.max(0, start - charactersBefore), start);
    if (!afterWord.test(asWords(beforeNumber))) return false;
    if (text.startsWith('00')) return isPhone(`+${text.slice(2)}`);
    return countries.some((country) => isPhone(text, country));
  },
  candidateCountMax: 4,
};

/** Phone numbers, in the order in which they are searched. */
export const phoneRules: readonly Rule[] = [
  international,
  northAmerican,
  french,
  british,
  national,
];

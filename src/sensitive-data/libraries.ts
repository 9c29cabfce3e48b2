// The functions of libraries that check candidates.

import isCreditCardModule from 'validator/lib/isCreditCard.js';
import isEanModule from 'validator/lib/isEAN.js';
import isEmailModule from 'validator/lib/isEmail.js';
import isIbanModule from 'validator/lib/isIBAN.js';
import isIdentityCardModule from 'validator/lib/isIdentityCard.js';
import isLuhnNumberModule from 'validator/lib/isLuhnNumber.js';
import isTaxIdModule from 'validator/lib/isTaxID.js';

// The modules are CommonJS; the types name what `require` returns as `default`.

/** Whether a text is an e-mail address. */
export const isEmail = isEmailModule.default;
/** Whether digits are a number of a card issuer with a correct check digit. */
export const isCreditCard = isCreditCardModule.default;
/** Whether a text is an IBAN: its country, length and check digits. */
export const isIban = isIbanModule.default;
/** Whether digits are an article number with a correct check digit. */
export const isEan = isEanModule.default;
/** Whether a text is an identity number of a country. */
export const isIdentityCard = isIdentityCardModule.default;
/** Whether the last digit is the check digit of Luhn's algorithm. */
export const isLuhnNumber = isLuhnNumberModule.default;
/** Whether a text is a tax number of a locale. */
export const isTaxId = isTaxIdModule.default;

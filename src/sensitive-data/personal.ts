// Rules for addresses, cards and accounts of persons.

import { isCreditCard, isEmail, isIban } from './libraries.ts';
import { compact, isNear, isVaried, type Rule, type Surroundings, wordPattern } from './rule.ts';

/** Host names without mail: names of private networks, and of machines of a cloud provider. */
const noMailHost =
  /\.(?:local|localdomain|internal|lan|intranet|invalid|cluster|svc|compute\.amazonaws\.com)$/i;
/** Users of node names and of repositories, which are followed by a host and not by a mail domain. */
const noMailUsers = new Set(['git', 'hg', 'svn', 'rabbit', 'rabbitmq', 'ec2-user', 'ubuntu']);

const local = `[A-Za-z0-9.!#$*+^_~\\u00a1-\\ud7ff-]`;
const label = `[A-Za-z0-9\\u00a1-\\ud7ff-]`;

const email: Rule = {
  kind: 'email',
  pattern: new RegExp(
    `(?<!${local})(${local}{1,64})(?:@|%40)((?:${label}{1,63}\\.){1,8}[A-Za-z\\u00a1-\\ud7ff]{2,24})(?!${label})`,
    'g',
  ),
  accepts: ([, user = '', host = '']) =>
    !noMailHost.test(host) &&
    !noMailUsers.has(user.toLowerCase()) &&
    isEmail(`${user.replace(/^[.*]{1,4}/, '')}@${host}`),
};

/** Lengths at which a text that continues with other words is tried as an account number. */
const triedCountMax = 8;

/**
 * Tries a text and its beginnings up to each space or hyphen, because more groups may follow that
 * belong to something else.
 */
function someBeginning(text: string, isRight: (text: string) => boolean): boolean {
  let rest = text;
  for (let tried = 0; tried < triedCountMax; tried += 1) {
    if (isRight(rest)) return true;
    const cut = Math.max(rest.lastIndexOf(' '), rest.lastIndexOf('-'));
    if (cut <= 0) return false;
    rest = rest.slice(0, cut);
  }
  return false;
}

const iban: Rule = {
  kind: 'iban',
  pattern: /(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11,30}(?![A-Za-z0-9])/g,
  accepts: ([text]) => someBeginning(text, (part) => isIban(compact(part))),
};

const lowerCaseIban: Rule = {
  kind: 'iban',
  pattern: /(?<![A-Za-z0-9])[a-z]{2}\d{2}[a-z0-9]{11,30}(?![A-Za-z0-9])/g,
  accepts: ([text]) => isIban(text.toUpperCase()),
};

const cardWords = wordPattern([
  'card',
  'cards',
  'cc',
  'pan',
  'visa',
  'mastercard',
  'amex',
  'credit',
  'debit',
  'kreditkarte',
  'carte',
  'tarjeta',
]);

/** The groups in which card numbers are printed. */
const cardGroups = /^(?:\d{4}([ -])\d{4}\1\d{4}\1\d{4}(?:\1\d{3})?|\d{4}([ -])\d{6}\2\d{4,5})$/;

const paymentCard: Rule = {
  kind: 'payment-card',
  pattern: /(?<![A-Za-z0-9]|\d[.,])\d(?:[ -]?\d){12,18}(?![A-Za-z0-9]|[.,]\d)/g,
  accepts: ([text], around) => someBeginning(text, (part) => isCard(part, around)),
};

function isCard(text: string, around: Surroundings): boolean {
  const digits = compact(text);
  if (!isVaried(digits, 2) || !isCreditCard(digits)) return false;
  if (text !== digits) return cardGroups.test(text);
  // Numbers of 13, 14 and 19 digits are more often times and identifiers than cards.
  return digits.length === 15 || digits.length === 16 || isNear(cardWords, around);
}

/** Personal data with an international format, in the order in which it is searched. */
export const personalRules: readonly Rule[] = [email, iban, lowerCaseIban, paymentCard];

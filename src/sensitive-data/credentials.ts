// Rules for credentials in URLs, and for passwords with their names.

import type { Rule } from './rule.ts';

/** Texts that stand for a password: masks, variables, and references to a store of secrets. */
const placeholder =
  /^(?:\*{1,200}|[xX]{3,200}|\.{2,200}|[_#\u2022-]{2,200}|\$\{.{0,200}|\$[A-Z_]{2,80}|[<{[].{0,200}|%[a-zA-Z_]{1,80}%?|!(?:ref|sub|env|vault|include)\b.{0,200}|(?:arn|vault|ssm|env|file|secret|ref|kms|op|sops|secretsmanager):.{0,200})$/i;

/** Words that follow the name of a password and are none. */
const noPasswords = new Set(
  (
    'true false null none nil undefined string text required optional yes no on off enabled ' +
    'disabled changed change reset expired expires invalid wrong incorrect missing unset empty ' +
    'hidden redacted masked removed rotated rotation policy encrypted hashed bcrypt argon2 scrypt ' +
    'sha256 pbkdf2 prompt stdin generated random unknown pending ok failed success denied the a ' +
    'an is must should may your new old same'
  ).split(' '),
);

const passwordNames = [
  'passwords?',
  'passwd',
  'passphrase',
  'passcode',
  'pwd',
  'pass(?==)',
  'passwort',
  'kennwort',
  'mot de passe',
  'contraseña',
  'senha',
  'wachtwoord',
  'hasło',
  'api[_ -]?keys?',
  'access[_ -]?tokens?',
  'auth[_ -]?tokens?',
  'refresh[_ -]?tokens?',
  'api[_ -]?tokens?',
  'client[_ -]?secrets?',
  'secret[_ -]?keys?',
  'app[_ -]?secrets?',
  'shared[_ -]?secrets?',
].join('|');

const quoted = `"[^"\\n]{1,200}"|'[^'\\n]{1,200}'|\\\\"[^"\\\\\\n]{1,200}\\\\"`;
const word = `[^\\s,;&"'<>()]{1,200}`;

/** `password=…`, `"apiKey": "…"`, `password is …` */
const namedPassword: Rule = {
  kind: 'password',
  pattern: new RegExp(
    `(?<!\\p{L})(?:${passwordNames})\\\\?["']?(\\s{0,3}(?:=>|:=|={1,2}|:)\\s{0,3}|\\s{1,3}(?:is|ist|est|es)\\s{1,3})(${quoted}|${word})`,
    'giu',
  ),
  accepts: ([, operator = '', value = '']) => {
    const isQuoted = /^\\?["']/.test(value);
    const plain = isQuoted
      ? value.replace(/^\\?["']|\\?["']$/g, '')
      : value.replace(/[.:!?]{1,3}$/, '');
    if (!isPassword(plain)) return false;
    if (isQuoted || (operator.includes('=') && !/\s$/.test(operator))) return true;
    // In a sentence, the next word may be any word; passwords have digits or signs.
    if (/[a-z]/i.test(operator)) return plain.length >= 6 && /\d|[^\p{L}.\-/]/u.test(plain);
    return /\d|[^\p{L}.\-/]/u.test(plain);
  },
};

/** `dbPassword=…` */
const camelCasePassword: Rule = {
  kind: 'password',
  pattern: new RegExp(
    `\\p{Ll}(?:Password|Passwd|Passphrase|Pwd|ApiKey|AccessToken|AuthToken|ClientSecret|SecretKey)["']?(\\s{0,3}(?:=>|:=|={1,2}|:)\\s{0,3})(${quoted}|${word})`,
    'gu',
  ),
  accepts: (match, around) => namedPassword.accepts?.(match, around) ?? false,
};

function isPassword(text: string): boolean {
  if (text.length < 4 || placeholder.test(text)) return false;
  const lower = text.toLowerCase();
  // A path or a URL is a place where a password is stored.
  if (/^(?:\.{0,2}\/|[a-z]{1,10}:\/\/)/.test(lower)) return false;
  return !noPasswords.has(lower);
}

const urlCredentials: Rule = {
  kind: 'url-credentials',
  pattern:
    /(?<![A-Za-z0-9+.-])[a-z][a-z0-9+.-]{1,20}:\/\/[^\s/?#@'"<>:]{0,128}:([^\s/?#'"<>@]{1,256})@[^\s'"<>@/?#]{1,255}/gi,
  accepts: ([, password = '']) => !placeholder.test(password),
};

/** Presigned URLs of AWS, Google and Azure. Whoever has one has access. */
const signedUrl: Rule = {
  kind: 'url-credentials',
  pattern: /[?&](?:X-Amz-Signature|X-Goog-Signature|Signature|sig)=[A-Za-z0-9%+/=_-]{20,1024}/g,
};

/** Credentials, in the order in which they are searched. */
export const credentialRules: readonly Rule[] = [
  urlCredentials,
  signedUrl,
  namedPassword,
  camelCasePassword,
];

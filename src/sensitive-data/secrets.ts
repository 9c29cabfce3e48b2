// Rules for secrets with a public format.

import { isNear, isVaried, type Rule, wordPattern } from './rule.ts';

/** Different characters that a random token has at least. */
const variedCountMin = 6;

/** Declares a rule for tokens that begin with a fixed prefix. */
function token(kind: Rule['kind'], prefix: string, rest: string): Rule {
  return {
    kind,
    pattern: new RegExp(`(?<![A-Za-z0-9])(?:${prefix})(${rest})(?![A-Za-z0-9])`, 'g'),
    accepts: ([, random = '']) => isVaried(random, variedCountMin),
  };
}

const pem = /PRIVATE KEY/;

const privateKey: Rule = {
  kind: 'private-key',
  pattern: /-----BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY|PuTTY-User-Key-File-[23]:/g,
};

/** The beginning of a PEM file in base64, as in kubeconfig files. */
const encodedPrivateKey: Rule = {
  kind: 'private-key',
  pattern: /LS0tLS1CRUdJTi[A-Za-z0-9+/]{26,90}/g,
  accepts: ([text]) => pem.test(Buffer.from(text, 'base64').toString('latin1')),
};

const secretKeyWords = wordPattern(['secret', 'secret key', 'secret access key', 'aws secret']);
const accessKeyId = /(?<![A-Za-z0-9])A[KS]IA[A-Z2-7]{16}(?![A-Za-z0-9])/;

/** A secret access key is 40 random characters, so its name or its access key must be near. */
const awsSecretKey: Rule = {
  kind: 'aws-secret-key',
  pattern: /(?<![A-Za-z0-9/+])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])/g,
  accepts: ([text], around) =>
    /[a-z]/.test(text) &&
    /[A-Z]/.test(text) &&
    /\d/.test(text) &&
    isVaried(text, 12) &&
    (isNear(secretKeyWords, around) || accessKeyId.test(around.text)),
};

const jwt: Rule = {
  kind: 'jwt',
  pattern:
    /(?<![A-Za-z0-9_-])(eyJ[A-Za-z0-9_-]{8,1024})\.[A-Za-z0-9_-]{2,8192}\.[A-Za-z0-9_-]{0,2048}/g,
  accepts: ([, header = '']) => isJwtHeader(Buffer.from(header, 'base64url').toString('utf8')),
};

/** Whether a text is a JSON object that names an algorithm (RFC 7515, 4.1.1). */
function isJwtHeader(text: string): boolean {
  try {
    const header: unknown = JSON.parse(text);
    return typeof header === 'object' && header !== null && 'alg' in header;
  } catch {
    return false; // another text that begins like JSON
  }
}

const printable = /^[\x20-\x7e]{1,255}$/;

const basicAuthorization: Rule = {
  kind: 'authorization-header',
  pattern: /(?<![A-Za-z0-9])[Bb]asic[ \t]{1,4}([A-Za-z0-9+/]{6,512}={0,2})(?![A-Za-z0-9+/=])/g,
  accepts: ([, encoded = '']) => {
    const text = Buffer.from(encoded, 'base64').toString('latin1');
    return printable.test(text) && /^[^:]{0,128}:./.test(text);
  },
};

const bearerAuthorization: Rule = {
  kind: 'authorization-header',
  pattern: /(?<![A-Za-z0-9])[Bb]earer[ \t]{1,4}([A-Za-z0-9._~+/-]{20,2048}={0,2})/g,
  accepts: ([, text = '']) => /\d/.test(text) && isVaried(text, 10),
};

/**
 * Secrets, in the order in which they are searched. What one rule finds is hidden from the
 * following ones.
 */
export const secretRules: readonly Rule[] = [
  privateKey,
  encodedPrivateKey,
  token('aws-access-key', 'AKIA|ASIA', '[A-Z2-7]{16}'),
  awsSecretKey,
  token('github-token', 'gh[pousr]_', '[A-Za-z0-9]{36,255}'),
  token('github-token', 'github_pat_', '[A-Za-z0-9]{22}_[A-Za-z0-9]{59}'),
  token('gitlab-token', 'glpat-', '[A-Za-z0-9_-]{20,64}'),
  token('slack-token', 'xox[abeoprs]-|xapp-', '[A-Za-z0-9-]{10,250}'),
  token(
    'slack-token',
    'https://hooks\\.slack\\.com/(?:services|workflows)/',
    '[A-Za-z0-9/]{20,200}',
  ),
  token('stripe-key', '[rs]k_(?:live|test)_|whsec_', '[A-Za-z0-9]{16,250}'),
  token('google-key', 'AIza', '[A-Za-z0-9_-]{35}'),
  token('google-key', 'GOCSPX-', '[A-Za-z0-9_-]{28}'),
  token('google-key', 'ya29\\.', '[A-Za-z0-9_-]{20,1024}'),
  token('npm-token', 'npm_', '[A-Za-z0-9]{36}'),
  token('sendgrid-key', 'SG\\.', '[A-Za-z0-9_-]{22}\\.[A-Za-z0-9_-]{43}'),
  token('azure-key', 'AccountKey=', '[A-Za-z0-9+/]{86}=='),
  jwt,
  basicAuthorization,
  bearerAuthorization,
];

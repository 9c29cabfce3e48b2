// Secrets with public formats, for the corpus.

import type { SeededRandom } from '../support/seeded-random.ts';
import { characters, digits } from './numbers.ts';

const alphanumeric = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const base64 = `${alphanumeric}+/`;
const base64url = `${alphanumeric}-_`;
const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

const passwords = [
  'hunter2',
  'Tr0ub4dor&3',
  'correct-horse-9',
  'S3cret!Pass',
  'Winter2026!',
  'p@ssw0rd',
  'qwerty12345',
  'xK9#mP2$vL5',
  'letmein99',
  'Zeppelin_1937',
] as const;

/** A password that a person or a program chose. */
export function password(random: SeededRandom): string {
  return random.oneIn(2) ? random.pick(passwords) : characters(random, `${alphanumeric}_-`, 16);
}

const json64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

function jwt(random: SeededRandom): string {
  const header = json64({ alg: random.pick(['HS256', 'RS256', 'ES256']), typ: 'JWT' });
  const payload = json64({ sub: digits(random, 6), iat: 1_700_000_000 + random.below(1e6) });
  return `${header}.${payload}.${characters(random, base64url, 43)}`;
}

function pem(random: SeededRandom): string {
  const kind = random.pick(['', 'RSA ', 'EC ', 'OPENSSH ', 'ENCRYPTED ']);
  const lines = Array.from({ length: 3 }, () => characters(random, base64, 64)).join('\n');
  const file = `-----BEGIN ${kind}PRIVATE KEY-----\n${lines}\n-----END ${kind}PRIVATE KEY-----`;
  return random.oneIn(3) ? Buffer.from(file).toString('base64') : file;
}

function url(random: SeededRandom): string {
  const scheme = random.pick(['amqps', 'https', 'postgresql', 'mongodb+srv', 'redis', 'stomp+ssl']);
  const user = random.pick(['app', 'svc-orders', 'admin', '']);
  const host = random.pick(['db.example.com', '10.0.0.5', 'mq-1.internal', 'localhost']);
  const secret = encodeURIComponent(password(random));
  return `${scheme}://${user}:${secret}@${host}:5671/path`;
}

function signedUrl(random: SeededRandom): string {
  const path = 'https://bucket.s3.eu-central-1.amazonaws.com/report.csv';
  const query = 'X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=3600';
  return `${path}?${query}&X-Amz-Signature=${characters(random, '0123456789abcdef', 64)}`;
}

function named(random: SeededRandom): string {
  const secret = password(random);
  return random.pick([
    `password=${secret}`,
    `PASSWORD: ${secret}`,
    `"password": "${secret}"`,
    `dbPassword=${secret}`,
    `SMTP_PASSWORD=${secret}`,
    `user=app;pwd=${secret};timeout=5`,
    `--api-key=${characters(random, alphanumeric, 32)}`,
    `client_secret: '${secret}'`,
    `Passwort: ${characters(random, alphanumeric, 8)}7x`,
    `the password is ${characters(random, alphanumeric, 8)}4$`,
    `pass=${secret}`,
  ]);
}

const basic = (random: SeededRandom) =>
  `Basic ${Buffer.from(`admin:${password(random)}`).toString('base64')}`;

/** A secret of each kind. */
export const secretsOf: Readonly<Record<string, (random: SeededRandom) => string>> = {
  'aws-access-key': (random) => random.pick(['AKIA', 'ASIA']) + characters(random, base32, 16),
  'aws-secret-key': (random) =>
    random.pick(['aws_secret_access_key=', 'SecretAccessKey: ', 'secret "']) +
    `aB3${characters(random, base64, 37)}`,
  'github-token': (random) =>
    random.oneIn(4)
      ? `github_pat_${characters(random, alphanumeric, 22)}_${characters(random, alphanumeric, 59)}`
      : random.pick(['ghp_', 'gho_', 'ghs_']) + characters(random, alphanumeric, 36),
  'gitlab-token': (random) => `glpat-${characters(random, base64url, 20)}`,
  'slack-token': (random) =>
    random.oneIn(3)
      ? `https://hooks.slack.com/services/T0${characters(random, base32, 8)}/B0${characters(random, base32, 8)}/${characters(random, alphanumeric, 24)}`
      : `xoxb-${digits(random, 12)}-${digits(random, 12)}-${characters(random, alphanumeric, 24)}`,
  'stripe-key': (random) =>
    random.pick(['sk_live_', 'rk_live_', 'sk_test_']) + characters(random, alphanumeric, 24),
  'google-key': (random) => `AIza${characters(random, base64url, 35)}`,
  'npm-token': (random) => `npm_${characters(random, alphanumeric, 36)}`,
  'sendgrid-key': (random) =>
    `SG.${characters(random, base64url, 22)}.${characters(random, base64url, 43)}`,
  'azure-key': (random) =>
    `DefaultEndpointsProtocol=https;AccountName=a;AccountKey=${characters(random, base64, 86)}==`,
  jwt,
  'private-key': pem,
  'authorization-header': (random) =>
    `Authorization: ${random.oneIn(2) ? basic(random) : `Bearer ${characters(random, base64url, 40)}9`}`,
  'url-credentials': (random) => (random.oneIn(4) ? signedUrl(random) : url(random)),
  password: named,
};

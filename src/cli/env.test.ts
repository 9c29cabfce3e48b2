import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { environmentNames } from '../server/environment.ts';
import { shellLines } from './env.ts';

const odd = `it's "$HOME" \`id\` $(id) \\ ; & | > < * ? ~ # ! é`;

test('a shell reads every exported value literally and executes nothing in it', () => {
  const environment = Object.fromEntries(environmentNames.map((name) => [name, `${odd} ${name}`]));
  for (const shell of ['sh', 'bash']) {
    const script = `${shellLines(environment).join('\n')}\nenv -0`;
    const found = execFileSync(shell, ['-c', script], { encoding: 'utf8' }).split('\0');
    for (const name of environmentNames) assert.ok(found.includes(`${name}=${odd} ${name}`));
  }
});

test('temporary credentials are exported after those of the shell are unset', () => {
  const env = { ...process.env, AWS_SESSION_TOKEN: 'old' };
  const lines = shellLines({ AWS_REGION: 'r', AWS_SESSION_TOKEN: 'new' });
  const script = `${lines.join('\n')}\nenv`;
  const found = execFileSync('sh', ['-c', script], { env, encoding: 'utf8' }).split('\n');
  assert.ok(found.includes('AWS_SESSION_TOKEN=new'));
});

test('conflicting and outdated variables are unset, and unrelated ones are kept', () => {
  const env = {
    ...process.env,
    AWS_SESSION_TOKEN: 'x',
    AWS_PROFILE: 'x',
    AWS_ENDPOINT_URL_KMS: 'x',
    WAXWING_AMQP_URL: 'of another service',
    KEPT: 'x',
  };
  const script = `${shellLines({ AWS_REGION: 'r' }).join('\n')}\nenv`;
  const found = execFileSync('sh', ['-c', script], { env, encoding: 'utf8' }).split('\n');
  const names = found.map((line) => line.split('=', 1)[0] ?? '');
  for (const name of Object.keys(env)) {
    const isGone = /^AWS_(SESS|PROF|END)|^WAXWING_AMQP/.test(name);
    if (isGone || name === 'KEPT') assert.equal(names.includes(name), !isGone, name);
  }
  assert.ok(found.includes('AWS_REGION=r'));
});

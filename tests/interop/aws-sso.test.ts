import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  CreateLoginProfileCommand,
  CreateRoleCommand,
  CreateUserCommand,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam';
import { systemClock } from '../../src/base/clock.ts';
import { writeEndpointRules } from '../../src/cli/endpoint-rules.ts';
import { commandsOf } from '../documents/command-lines.ts';
import { snippetsFor } from '../documents/snippets.ts';
import { awsCliOf } from '../support/aws-cli.ts';
import { Browser } from '../support/browser.ts';
import { Callers, policyText } from '../support/callers.ts';
import { clientEnvironment } from '../support/client-environment.ts';
import { accountId, ControlPlane } from '../support/control-plane.ts';
import { Machine } from '../support/machine.ts';
import { findPrograms } from '../support/other-programs.ts';
import { until } from '../support/processes.ts';
import { eventsNamed } from '../support/trail-events.ts';

// `aws sso login` with an unchanged AWS CLI. The browser is played by plain HTTPS requests.

const clis = await findPrograms({
  name: 'aws',
  versionArguments: ['--version'],
  package: 'awscli',
});
const password = 'correct-Horse-battery-7';

/** The commands of the guide, without `aws`: to sign in, to use a role, to sign out. */
const [snippet = ''] = snippetsFor(
  'tests/interop/aws-sso.test.ts',
  'docs/guides/single-sign-on.md',
  1,
);
const [signIn = [], list = [], signOut = []] = commandsOf(snippet).map(({ words }) =>
  words.slice(1),
);

/** A control plane with a person and a role, whose clock moves with that of this machine. */
async function start() {
  const machine = new Machine();
  machine.clock.advance(systemClock.nowMs() - machine.clock.nowMs());
  const plane = await ControlPlane.start(machine);
  const moving = setInterval(() => {
    machine.clock.advance(Math.max(0, systemClock.nowMs() - machine.clock.nowMs()));
  }, 50);
  const callers = new Callers(plane);
  const { iam } = callers.as();
  await iam.send(new CreateUserCommand({ UserName: 'anna' }));
  await iam.send(new CreateLoginProfileCommand({ UserName: 'anna', Password: password }));
  const AssumeRolePolicyDocument = policyText({
    Effect: 'Allow',
    Principal: { AWS: `arn:aws:iam::${accountId}:user/anna` },
    Action: 'sts:AssumeRole',
  });
  await iam.send(new CreateRoleCommand({ RoleName: 'operator', AssumeRolePolicyDocument }));
  const PolicyDocument = policyText({ Effect: 'Allow', Action: 'mq:ListBrokers', Resource: '*' });
  const named = { RoleName: 'operator', PolicyName: 'rights' };
  await iam.send(new PutRolePolicyCommand({ ...named, PolicyDocument }));
  callers.close();
  const stop = async () => {
    clearInterval(moving);
    await plane.close();
  };
  return { plane, stop };
}

/** The environment of a person whose only settings are a profile for single sign-on. */
async function environmentOf(plane: ControlPlane, profile: string): Promise<NodeJS.ProcessEnv> {
  const {
    AWS_ACCESS_KEY_ID: _id,
    AWS_SECRET_ACCESS_KEY: _secret,
    ...env
  } = clientEnvironment(plane);
  const home = env['HOME'] ?? '';
  mkdirSync(join(home, '.aws'));
  writeFileSync(join(home, '.aws', 'config'), profile);
  await writeEndpointRules(join(home, 'rules'), plane.endpoint.url);
  return { ...env, AWS_DATA_PATH: join(home, 'rules'), AWS_ENDPOINT_URL: plane.endpoint.url };
}

/** Waits until the CLI has printed the address that a browser would open. */
async function addressOf(child: ChildProcess): Promise<string> {
  let output = '';
  let hasEnded = false;
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  child.once('close', () => {
    hasEnded = true;
  });
  const found = () => /(https:\/\/\S+(?:user_code|code_challenge)=\S+)/.exec(output)?.[1];
  await until('the CLI prints an address', () => found() !== undefined || hasEnded);
  const address = found();
  assert.ok(address !== undefined, output);
  return address;
}

/**
 * Signs in and uses a role.
 *
 * @param more further arguments of `aws sso login`
 */
async function walk(path: string, ...more: readonly string[]): Promise<void> {
  const { plane, stop } = await start();
  try {
    const startUrl = `${plane.endpoint.url}/start`;
    const env = await environmentOf(
      plane,
      `[profile shift]
sso_session = waxwing
sso_account_id = ${accountId}
sso_role_name = operator
region = us-west-2
[sso-session waxwing]
sso_start_url = ${startUrl}
sso_region = us-west-2
sso_registration_scopes = sso:account:access
`,
    );
    const login = spawn(path, [...signIn, '--no-browser', ...more], { env });
    const ended = new Promise<number | null>((resolve) => login.once('close', resolve));
    const browser = new Browser(plane.endpoint.ca);
    const page = await browser.open(await addressOf(login));
    const confirm = await browser.submit(page, { user_name: 'anna', password, mfa_code: '' });
    assert.match(confirm.text, /botocore-client-waxwing/);
    const last = await browser.submit(confirm, { decision: 'allow' });
    // The CLI itself waits for the browser on the person's machine.
    if (last.url.startsWith('http://127.0.0.1:')) assert.equal((await fetch(last.url)).status, 200);
    assert.equal(await ended, 0);
    const run = awsCliOf(path, env);
    const aws = (...args: readonly string[]) =>
      run('--endpoint-url', plane.endpoint.url, ...args, '--profile', 'shift');
    const { code, stdout, stderr } = await aws('sts', 'get-caller-identity');
    assert.equal(code, 0, stderr);
    assert.equal(JSON.parse(stdout).Arn, `arn:aws:sts::${accountId}:assumed-role/operator/anna`);
    assert.equal((await run('--endpoint-url', plane.endpoint.url, ...list)).code, 0);
    assert.match((await aws('kms', 'list-keys')).stderr, /AccessDeniedException/);
    const events = await eventsNamed(plane, 'GetRoleCredentials');
    assert.equal(events.at(-1)?.userIdentity.userName, 'anna');
    const config = readFileSync(join(env['HOME'] ?? '', '.aws', 'config'), 'utf8');
    assert.ok(!config.includes(password));
    assert.equal((await run(...signOut)).code, 0);
    assert.equal((await eventsNamed(plane, 'Logout')).length, 1);
    assert.deepEqual(plane.unexpectedErrors, []);
  } finally {
    await stop();
  }
}

const second = typeof clis === 'string' ? [] : clis.filter(({ version }) => /cli\/2/.test(version));
if (second.length === 0) {
  const skip = typeof clis === 'string' ? clis : 'there is no AWS CLI 2';
  test('aws sso login signs a person in', { skip }, () => {});
}
/** Whether a version of the CLI signs in with an authorization code (PKCE) unless told otherwise. */
function hasPkce(version: string): boolean {
  const [, minor = '0'] = /cli\/2\.(\d+)\./.exec(version) ?? [];
  return Number(minor) >= 22;
}

for (const { path, version } of second) {
  const title = `aws sso login of ${version} signs a person in, who then uses a role`;
  if (!hasPkce(version)) test(title, () => walk(path));
  else {
    test(`${title} (PKCE)`, () => walk(path));
    test(`${title} (device code)`, () => walk(path, '--use-device-code'));
  }
}

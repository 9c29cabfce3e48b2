import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect } from 'node:tls';
import { DescribeBrokerCommand, ListBrokersCommand } from '@aws-sdk/client-mq';
import { decodeSeed, stepAt, totpCode } from '../../src/identity/accounts/mfa/totp.ts';
import { until } from '../support/processes.ts';
import { serviceMetric } from '../support/service-metric.ts';
import { eventsNamed } from '../support/trail-events.ts';
import { Waxwing } from '../support/waxwing.ts';
import { main } from '../support/waxwing-folder.ts';

// `waxwing init-admin`, `advise` and `rotate` of the real program.

let waxwing: Waxwing;
before(async () => {
  waxwing = await Waxwing.start();
});
after(() => waxwing.remove());

/** A command whose questions are answered. */
class Dialogue {
  stdout = '';
  stderr = '';
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #code: Promise<number | null>;

  /** @param before a command of the shell that starts it, such as one that limits it */
  constructor(args: readonly string[], before = ':') {
    const env = waxwing.folder.environment();
    const all = ['-c', `${before}; exec "$0" "$@"`, process.execPath, main, ...args];
    this.#child = spawn('sh', all, { cwd: waxwing.folder.root, env });
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.#code = new Promise((resolve) => this.#child.once('close', resolve));
  }

  async asked(question: RegExp): Promise<void> {
    await until(`the question ${question}`, () => question.test(this.stderr));
  }

  say(line: string): void {
    this.#child.stdin.write(`${line}\n`);
  }

  ended(): Promise<number | null> {
    this.#child.stdin.end();
    return this.#code;
  }
}

const data = () => ['--data', waxwing.folder.data];
const run = (...args: readonly string[]) => waxwing.folder.run(args);

let seed = '';
/** The last step whose code was used. */
let step = 0;

/** The next code that was not used yet; it may be one step early. */
async function nextCode(): Promise<string> {
  await until('a fresh code', () => stepAt(Date.now()) + 1 > step, 60_000);
  step = Math.max(step + 1, stepAt(Date.now()));
  return totpCode(decodeSeed(seed), step);
}

test('env prints no warning while the root user is the only administrator', async () => {
  const { stderr, code } = await run('env', ...data());
  assert.deepEqual([code, stderr], [0, '']);
});

test('init-admin that is interrupted before the codes is continued by the next run', async () => {
  const dialogue = new Dialogue(['init-admin', 'alice', '--password-stdin', ...data()]);
  dialogue.say('Correct-horse-1');
  await dialogue.asked(/First code: $/);
  assert.equal(await dialogue.ended(), 1);
  assert.match(dialogue.stderr, /standard input ended before the answer/);
});

test('init-admin that cannot write the profile leaves no access key that nobody has', async () => {
  const args = ['init-admin', 'alice', '--password-stdin', ...data()];
  const dialogue = new Dialogue(args, 'ulimit -f 0');
  dialogue.say('Correct-horse-1');
  await dialogue.asked(/First code: $/);
  [, seed = ''] = /Or enter the key: ([A-Z2-7]{64})/.exec(dialogue.stderr) ?? [];
  assert.match(dialogue.stderr, /\u2584{7}/); // the QR code
  dialogue.say('000000');
  dialogue.say('000000');
  await dialogue.asked(/not two consecutive codes/);
  step = stepAt(Date.now());
  for (const each of [step - 1, step]) dialogue.say(totpCode(decodeSeed(seed), each));
  assert.equal(await dialogue.ended(), 1);
  assert.match(dialogue.stderr, /cannot write \S+\/\.aws\/credentials: file too large \(EFBIG\)/);
});

test('init-admin creates an administrator whose profile needs a code at each use', async () => {
  const dialogue = new Dialogue(['init-admin', 'alice', '--password-stdin', ...data()]);
  dialogue.say('Correct-horse-1');
  assert.equal(await dialogue.ended(), 0, dialogue.stderr);
  assert.match(dialogue.stdout, /The profile 'alice' is in /);
  const files = ['config', 'credentials'].map((name) => join(waxwing.folder.root, '.aws', name));
  for (const file of files) assert.equal(statSync(file).mode & 0o777, 0o600);
  const [config, credentials] = files.map((file) => readFileSync(file, 'utf8'));
  assert.match(config ?? '', /\[profile alice\]\n[^[]*role_arn = .*:role\/waxwing-administrator\n/);
  assert.match(credentials ?? '', /^\[alice-key\]\naws_access_key_id = AKIA/);
  for (const secret of ['Correct-horse-1', seed]) assert.ok(!dialogue.stdout.includes(secret));
});

test('env warns on standard error that it prints the key of the root user, and a shell can read it', async () => {
  const { stdout, stderr, code } = await run('env', ...data());
  assert.equal(code, 0);
  assert.match(
    stderr,
    /^waxwing: warning: An administrator exists: use it instead of the root user/,
  );
  assert.match(stderr, /waxwing env --profile NAME/);
  assert.match(stdout, /^(unset \w+\n|export \w+='[^'\n]*'\n)+$/);
  const event = (await eventsNamed(waxwing, 'GetEnvironment')).at(-1);
  assert.match(JSON.stringify(event?.additionalEventData), /An administrator exists/);
});

test('env --profile prints the credentials of the profile, and nothing of the root user', async () => {
  const dialogue = new Dialogue(['env', '--json', '--profile', 'alice']);
  await dialogue.asked(/Enter MFA code for arn:aws:iam::\d{12}:mfa\/alice: $/);
  dialogue.say(await nextCode());
  assert.equal(await dialogue.ended(), 0, dialogue.stderr);
  const found = JSON.parse(dialogue.stdout);
  assert.match(found.AWS_ACCESS_KEY_ID, /^ASIA/);
  assert.ok(found.AWS_SESSION_TOKEN.length > 100);
  assert.equal(found.AWS_ENDPOINT_URL, waxwing.environment['AWS_ENDPOINT_URL']);
  for (const name of ['AWS_SECRET_ACCESS_KEY', 'WAXWING_METRICS_TOKEN', 'WAXWING_AMQP_URL']) {
    assert.ok(!dialogue.stdout.includes(waxwing.environment[name] ?? '-'), name);
  }
  assert.doesNotMatch(dialogue.stderr, /warning/);
});

test('init-admin refuses a name, or a profile, that exists already', async () => {
  const again = await run('init-admin', 'alice', '--password-stdin', ...data());
  assert.equal(again.code, 1);
  assert.match(again.stderr, /^waxwing: the profile 'alice' exists already in /);
  const other = await run('init-admin', 'alice', '--profile', 'other', ...data());
  assert.equal(other.code, 1);
  assert.match(other.stderr, /^waxwing: the user 'alice' exists already and has an access key/);
});

test('after init-admin, calls of the root user are marked in the trail', async () => {
  // The client of the test signs with the root user's key.
  await eventsNamed(waxwing, 'CreateBroker');
  const events = await eventsNamed(waxwing, 'LookupEvents');
  const marked = events.filter(({ additionalEventData }) =>
    JSON.stringify(additionalEventData ?? {}).includes('An administrator exists'),
  );
  assert.ok(marked.length > 0);
});

test('advise as the administrator asks for a code and ends with 3 if there are findings', async () => {
  const dialogue = new Dialogue(['advise', '--json', '--profile', 'alice', ...data()]);
  await dialogue.asked(/Enter MFA code for arn:aws:iam::\d{12}:mfa\/alice: $/);
  dialogue.say(await nextCode());
  assert.equal(await dialogue.ended(), 3, dialogue.stderr);
  const { findings } = JSON.parse(dialogue.stdout) as { findings: { check: string }[] };
  const checks = findings.map(({ check }) => check);
  assert.deepEqual(
    [...new Set(checks)],
    ['root-without-mfa', 'service-owned-key', 'broker-log-off'],
  );
  const event = (await eventsNamed(waxwing, 'ListAdvice')).at(-1);
  assert.equal(event?.userIdentity.type, 'AssumedRole');
});

test('advise prints findings with the reason and the command that helps', async () => {
  const { stdout, code } = await run('advise', ...data());
  assert.equal(code, 3);
  assert.match(stdout, /^root-without-mfa: the advice is multi-factor authentication/m);
  assert.match(stdout, /^ {4}fix: aws iam create-virtual-mfa-device/m);
  assert.match(stdout, /\d findings?\.\n$/);
});

test('a TLS 1.2 handshake with a broker is counted, and advise tells of it', async () => {
  const { hostname: host, port } = new URL(waxwing.amqpUrl);
  const options = { host, port: Number(port), ca: waxwing.ca, maxVersion: 'TLSv1.2' as const };
  await new Promise<void>((resolve, reject) => {
    const socket = connect(options, () => {
      socket.destroy();
      resolve();
    });
    socket.on('error', reject);
  });
  await until('the metrics of the broker', async () => {
    const { stdout } = await run('advise', '--json', ...data());
    return /TLS 1\.2 handshakes since the start: (.*, )?default: 1"/.test(stdout);
  });
  assert.equal(await serviceMetric(waxwing, 'waxwing_tls_handshakes_total'), 1);
});

test('rotate replaces the metrics token, and the old one ends at the time that is said', async () => {
  const before = waxwing.environment['WAXWING_METRICS_TOKEN'];
  const isAccepted = async () =>
    !Number.isNaN(await serviceMetric(waxwing, 'waxwing_broker_state'));
  const { stdout, stderr, code } = await run(
    'rotate',
    'metrics-token',
    '--overlap',
    '600',
    ...data(),
  );
  assert.equal(code, 0, stderr);
  const [, endsAt = ''] = /refused from (\S+) on/.exec(stderr) ?? [];
  assert.ok(Date.parse(endsAt) > Date.now() + 500_000);
  assert.ok(await isAccepted());
  await waxwing.askEnvironment();
  assert.equal(waxwing.environment['WAXWING_METRICS_TOKEN'], stdout.trim());
  assert.notEqual(stdout.trim(), before);
  assert.ok(await isAccepted());
  // Without an overlap, the token before ends at once.
  await run('rotate', 'metrics-token', ...data());
  assert.equal(await isAccepted(), false);
  await waxwing.askEnvironment();
  assert.ok(await isAccepted());
  const event = (await eventsNamed(waxwing, 'RotateMetricsToken')).at(-1);
  assert.deepEqual(Object.keys(event?.responseElements ?? {}), ['previousEndsAt']);
});

/** Sends a request to the management API of the default broker, as its user. */
async function manage(
  method: string,
  path: string,
  body?: object,
  chosen?: string,
): Promise<string> {
  const { BrokerSummaries: [broker] = [] } = await waxwing.mq.send(new ListBrokersCommand({}));
  const { BrokerId = '' } = broker ?? {};
  const { BrokerInstances } = await waxwing.mq.send(new DescribeBrokerCommand({ BrokerId }));
  const { username, password } = new URL(waxwing.amqpUrl);
  const headers = { 'content-type': 'application/json' };
  const sent = request(new URL(`/api/${path}`, BrokerInstances?.[0]?.ConsoleURL), {
    method,
    headers,
    ca: waxwing.ca,
    auth: `${username}:${chosen ?? password}`,
    servername: 'localhost',
  });
  sent.end(body && JSON.stringify(body));
  const [response]: IncomingMessage[] = await once(sent, 'response');
  const chunks: Buffer[] = (await response?.toArray()) ?? [];
  return Buffer.concat(chunks).toString();
}

/** The iterations of each user's password, in definitions that can be imported. */
async function iterations(chosen?: string): Promise<Record<string, string | undefined>> {
  const text = await manage('GET', 'definitions', undefined, chosen);
  const definitions: { users: { name: string; waxwing_password_hash: string }[] } =
    JSON.parse(text);
  assert.equal(await manage('POST', 'definitions', definitions, chosen), '');
  return Object.fromEntries(
    definitions.users.map(({ name, waxwing_password_hash: hash }) => [name, hash.split('$')[1]]),
  );
}

test('only passwords that were generated have few iterations, even after a rotation', async () => {
  await manage('PUT', 'users/ann', { password: 'a password of Ann', tags: '' });
  assert.deepEqual(await iterations(), { waxwing: '1000', ann: '210000' });
  const chosen = 'chosen by somebody';
  await manage('PUT', 'users/waxwing', { password: chosen, tags: 'administrator' });
  assert.deepEqual(await iterations(chosen), { waxwing: '210000', ann: '210000' });
  assert.equal((await run('rotate', 'default-broker-password', ...data())).code, 0);
  await waxwing.askEnvironment();
  assert.deepEqual(await iterations(), { waxwing: '1000', ann: '210000' });
});

test("rotate replaces the default broker's password at once, even after a restart", async () => {
  const old = waxwing.amqpUrl;
  const open = await waxwing.connect();
  const { stdout, stderr, code } = await run('rotate', 'default-broker-password', ...data());
  assert.equal(code, 0, stderr);
  await waxwing.askEnvironment();
  assert.ok(waxwing.amqpUrl.includes(`:${stdout.trim()}@`));
  await assert.rejects(waxwing.connect(old), /403|ACCESS_REFUSED/);
  // Open connections stay open.
  await open.publish('orders', ['still connected']);
  await open.close();
  await (await waxwing.connect()).close();
  await waxwing.stop();
  await waxwing.restart();
  const { password } = new URL(waxwing.amqpUrl);
  assert.equal(password, stdout.trim());
  await (await waxwing.connect()).close();
});

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CreateUserCommand, DeleteUserCommand, ListUsersCommand } from '@aws-sdk/client-iam';
import { ListBrokersCommand } from '@aws-sdk/client-mq';
import { AssumeRoleCommand } from '@aws-sdk/client-sts';
import { codeMs } from '../../../src/server/console/one-time-codes.ts';
import { type Credentials, credentialsOf, newUser } from '../../support/callers.ts';
import { signInToConsole } from '../../support/console-sign-in.ts';
import { password, SignInPlane } from '../../support/sign-in-plane.ts';
import { serviceNamed, signedCall } from '../../support/signed-calls.ts';
import { eventsNamed } from '../../support/trail-events.ts';

let bench: SignInPlane;
before(async () => {
  bench = await SignInPlane.start();
});
after(() => bench.close());

const signIn = (body: unknown, headers = {}) =>
  signInToConsole(bench.plane.endpoint, body, headers);

const lastEvent = async (name: string) => (await eventsNamed(bench.plane, name)).at(-1);

/** What the page signs its calls with. */
const keysOf = ({ accessKeyId, secretAccessKey, sessionToken }: Credentials) => ({
  accessKeyId,
  secretAccessKey,
  ...(sessionToken !== undefined && { sessionToken }),
});

/** The code that `waxwing console` prints for the root user. */
function rootCode(): string {
  const arn = 'arn:aws:iam::111122223333:root';
  const root = {
    type: 'root',
    accountId: '111122223333',
    arn,
    principalId: '111122223333',
  } as const;
  return bench.plane.newConsoleCode(root).code;
}

test('wrong passwords, codes and users get the same answer, and are recorded', async () => {
  const mfaCode = await bench.freshCode();
  const attempts = [
    { userName: 'anna', password: 'wrong', mfaCode },
    { userName: 'anna', password, mfaCode: '000000' },
    { userName: 'anna', password },
    { userName: 'nobody', password, mfaCode },
  ];
  const answers = [];
  for (const attempt of attempts) answers.push(await signIn(attempt));
  assert.deepEqual(
    answers.map(({ status }) => status),
    [403, 403, 403, 403],
  );
  assert.equal(new Set(answers.map(({ body }) => JSON.stringify(body))).size, 1);
  const events = (await eventsNamed(bench.plane, 'ConsoleLogin')).slice(-attempts.length);
  assert.deepEqual(
    events.map(({ userIdentity }) => userIdentity.userName),
    ['anna', 'anna', 'anna', 'HIDDEN_DUE_TO_SECURITY_REASONS'],
  );
  for (const { responseElements, errorMessage, additionalEventData } of events) {
    assert.deepEqual(responseElements, { ConsoleLogin: 'Failure' });
    assert.match(errorMessage ?? '', /^Failed authentication/);
    assert.match(JSON.stringify(additionalEventData), /\/console\//);
  }
});

test('the calls of a session, and of roles that it assumes, are marked in the trail, and no others', async () => {
  const mfaCode = await bench.freshCode();
  const { status, headers, body } = await signIn({ userName: 'anna', password, mfaCode });
  assert.equal(status, 200);
  assert.equal(headers['cache-control'], 'no-store');
  assert.match(body.accessKeyId, /^ASIA/);
  assert.equal(new Date(body.expiration).getTime(), bench.nowMs + 3_600_000);
  const login = await lastEvent('ConsoleLogin');
  assert.deepEqual(login?.responseElements, { ConsoleLogin: 'Success' });
  assert.match(JSON.stringify(login?.additionalEventData), /"MFAUsed":"Yes"/);
  assert.doesNotMatch(JSON.stringify(login), new RegExp(body.secretAccessKey.replace(/\W/g, '.')));

  const anna = bench.callers.as(keysOf(body));
  await assert.rejects(anna.mq.send(new ListBrokersCommand({})), /is not authorized/);
  const refused = await lastEvent('ListBrokers');
  assert.equal(refused?.sessionCredentialFromConsole, 'true');
  assert.equal(refused?.userIdentity.userName, 'anna');

  const RoleArn = 'arn:aws:iam::111122223333:role/operator';
  const command = new AssumeRoleCommand({ RoleArn, RoleSessionName: 'anna' });
  const { Credentials } = await anna.sts.send(command);
  await bench.callers.as(credentialsOf(Credentials)).mq.send(new ListBrokersCommand({}));
  const called = await lastEvent('ListBrokers');
  assert.equal(called?.sessionCredentialFromConsole, 'true');
  assert.equal(called?.userIdentity.type, 'AssumedRole');

  await bench.callers.as().mq.send(new ListBrokersCommand({}));
  const other = await lastEvent('ListBrokers');
  assert.equal(other?.userIdentity.type, 'Root');
  assert.equal(other !== undefined && 'sessionCredentialFromConsole' in other, false);
});

test('a code of the root user works once, for a minute, and for an hour at most', async () => {
  const code = rootCode();
  const { status, body } = await signIn({ code, durationSeconds: 43_200 });
  assert.equal(status, 200);
  assert.deepEqual([body.name, body.type], ['root', 'root']);
  assert.equal(new Date(body.expiration).getTime(), bench.nowMs + 3_600_000);
  const login = await lastEvent('ConsoleLogin');
  assert.equal(login?.userIdentity.type, 'Root');
  assert.deepEqual(login?.responseElements, { ConsoleLogin: 'Success' });
  const root = bench.callers.as(keysOf(body));
  // Unlike those of GetSessionToken, these credentials may call IAM.
  await root.iam.send(new ListUsersCommand({}));
  assert.equal((await lastEvent('ListUsers'))?.sessionCredentialFromConsole, 'true');

  assert.equal((await signIn({ code })).status, 403);
  const late = rootCode();
  await bench.plane.advance(codeMs);
  assert.equal((await signIn({ code: late })).status, 403);
  assert.equal((await signIn({ code: 'x'.repeat(43) })).status, 403);
  assert.match((await lastEvent('ConsoleLogin'))?.errorMessage ?? '', /The code is not valid/);
});

test('a code of a user works as long as the user exists', async () => {
  const { User } = await bench.iam.send(new CreateUserCommand({ UserName: 'gone' }));
  const arn = User?.Arn ?? '';
  const principalId = User?.UserId ?? '';
  const caller = { type: 'user', accountId: '111122223333', arn, principalId } as const;
  const { code } = bench.plane.newConsoleCode(caller);
  await bench.iam.send(new DeleteUserCommand({ UserName: 'gone' }));
  assert.equal((await signIn({ code })).status, 403);
});

test('requests of other sites, and those that are not as the page sends them, are refused', async () => {
  const good = { userName: 'bert', password };
  const refusals: readonly (readonly [number, unknown, Record<string, string>?])[] = [
    [403, good, { Origin: 'https://example.org' }],
    [403, good, { 'Content-Type': 'text/plain' }],
    [400, 'no JSON'],
    [400, '[]'],
    [400, {}],
    [400, { userName: 'bert' }],
    [400, { ...good, userName: 1 }],
    [400, { ...good, password: 'x'.repeat(129) }],
    [400, { ...good, durationSeconds: 899 }],
    [400, { ...good, durationSeconds: 43_201 }],
    [400, { ...good, durationSeconds: 900.5 }],
    [413, { ...good, mfaCode: 'x'.repeat(3000) }],
  ];
  for (const [expected, body, headers] of refusals) {
    const { status, body: answer } = await signIn(body, headers);
    assert.equal(status, expected, JSON.stringify(body));
    assert.equal(typeof answer.message, 'string');
  }
  const { status, body } = await signIn({ ...good, durationSeconds: 900 });
  assert.equal(status, 200);
  assert.equal(new Date(body.expiration).getTime(), bench.nowMs + 900_000);
});

test('codes are for access keys whose policies permit them, and the trail does not contain them', async () => {
  const service = serviceNamed(bench.plane, 'waxwing-administration');
  const ask = (credentials: Credentials) =>
    signedCall(bench.plane, service, 'CreateConsoleCode', {}, credentials);
  const { status, body } = await ask(bench.plane.credentials);
  assert.equal(status, 200, body);
  const { code, expiresAt } = JSON.parse(body);
  assert.equal(new Date(expiresAt).getTime(), bench.nowMs + codeMs);
  const event = await lastEvent('CreateConsoleCode');
  assert.ok(event?.responseElements);
  assert.ok(!JSON.stringify(event).includes(code));
  const keys = await newUser(bench.iam, 'clara');
  assert.equal((await ask(keys)).status, 403);
  const answer = await signIn({ code });
  assert.equal(answer.status, 200);
  const again = await ask(keysOf(answer.body));
  assert.equal(again.status, 400);
  assert.match(again.body, /temporary credentials/);
});

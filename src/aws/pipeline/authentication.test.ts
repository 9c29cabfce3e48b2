import assert from 'node:assert/strict';
import { test } from 'node:test';
import { metricsToken, TestApi } from '../../../tests/support/test-api.ts';
import { asText } from '../../../tests/support/text-response.ts';
import type { HttpRequest } from '../../net/http/message.ts';
import { AwsError } from '../errors.ts';
import { noPermission, operation, type Service } from '../service.ts';
import { required, string, structure } from '../shapes/shape.ts';

/** A service on the query wire; one of its operations needs no signature. */
const sts: Service = {
  name: 'sts',
  wires: ['query'],
  eventSource: 'sts.amazonaws.com',
  apiVersion: '2011-06-15',
  operations: {
    AssumeRoleWithWebIdentity: operation({
      action: 'sts:AssumeRoleWithWebIdentity',
      readOnly: false,
      authentication: 'none',
      permissions: noPermission('the token authenticates'),
      input: structure({ WebIdentityToken: required(string()) }),
      output: structure({ SubjectFromWebIdentityToken: string() }),
      handle: ({ WebIdentityToken }, { caller }) => {
        if (WebIdentityToken === 'wrong') throw new AwsError('InvalidIdentityToken', 'It is wrong');
        return { output: { SubjectFromWebIdentityToken: `${WebIdentityToken} ${caller.type}` } };
      },
    }),
    GetCallerIdentity: operation({
      action: 'sts:GetCallerIdentity',
      readOnly: true,
      input: structure({}),
      output: structure({ Arn: string() }),
      handle: (_input, { caller }) => ({ output: { Arn: caller.arn } }),
    }),
  },
};

function form(text: string): HttpRequest {
  return {
    method: 'POST',
    rawPath: '/',
    rawQuery: '',
    headers: new Map([
      ['host', 'localhost'],
      ['content-type', 'application/x-www-form-urlencoded; charset=utf-8'],
    ]),
    peerAddress: '192.0.2.1',
    body: Buffer.from(text),
  };
}

const assume = (token: string) =>
  form(`Action=AssumeRoleWithWebIdentity&Version=2011-06-15&WebIdentityToken=${token}`);

const get = (rawPath: string, authorization?: string): HttpRequest => ({
  method: 'GET',
  rawPath,
  rawQuery: '',
  headers: new Map(authorization === undefined ? [] : [['authorization', authorization]]),
  peerAddress: '192.0.2.1',
  body: Buffer.alloc(0),
});

test('an operation declared unsigned needs no signature and has an anonymous caller', async () => {
  const api = new TestApi([sts]);
  const admission = api.dispatcher.admit(assume('t'));
  assert.equal(admission.refusal, undefined);
  const { status, body } = asText(await admission.answer(assume('t').body));
  assert.equal(status, 200);
  assert.match(body, /<SubjectFromWebIdentityToken>t anonymous<\/SubjectFromWebIdentityToken>/);
  // The limits for unauthenticated connections must still apply.
  assert.equal(admission.isProven, false);
  assert.equal(api.recorded[0]?.caller.type, 'anonymous');
});

test('failures of anonymous calls are reported and not written to the audit trail', async () => {
  const api = new TestApi([sts]);
  const { status, body } = asText(await api.dispatcher.answer(assume('wrong')));
  assert.equal(status, 400);
  assert.match(body, /<Code>InvalidIdentityToken<\/Code>/);
  assert.deepEqual([api.recorded.length, api.committed.length], [0, 0]);
  const [refused] = api.refused;
  assert.equal(refused?.action, 'sts:AssumeRoleWithWebIdentity');
  assert.equal(refused?.code, 'InvalidIdentityToken');
});

test('an unsigned form is rejected for an operation that requires a signature', async () => {
  const api = new TestApi([sts]);
  const request = form('Action=GetCallerIdentity&Version=2011-06-15');
  const { status, body } = asText(await api.dispatcher.answer(request));
  assert.deepEqual([status, api.recorded.length], [403, 0]);
  assert.match(body, /<Code>MissingAuthenticationToken<\/Code>/);
});

test('without unsigned operations, an unsigned form is rejected before its body is read', () => {
  const api = new TestApi();
  assert.equal(api.dispatcher.admit(assume('t')).refusal?.status, 403);
});

test('a signed form is verified even if its operation requires no signature', async () => {
  const api = new TestApi([sts]);
  const body = 'Action=GetCallerIdentity&Version=2011-06-15';
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const request = await api.signed('sts', { method: 'POST', path: '/', headers, body });
  const { status } = await api.dispatcher.answer(request);
  assert.deepEqual([status, api.recorded[0]?.caller.type], [200, 'root']);
});

test('the health endpoint needs no authentication and is not recorded', async () => {
  const api = new TestApi();
  for (const method of ['GET', 'HEAD']) {
    const { status, body } = await api.dispatcher.answer({ ...get('/health'), method });
    assert.deepEqual([status, body], [200, '{}']);
  }
  assert.equal((await api.dispatcher.answer(get('/health/ready'))).status, 200);
  api.isReady = false;
  assert.equal((await api.dispatcher.answer(get('/health/ready'))).status, 503);
  assert.equal((await api.dispatcher.answer(get('/health'))).status, 200);
  assert.deepEqual([api.recorded.length, api.refused.length], [0, 0]);
  assert.deepEqual(api.unexpectedErrors, [], 'a start is no failure of the service');
});

test('the metrics endpoint requires the bearer token and reports a wrong token', async () => {
  const api = new TestApi();
  const right = api.dispatcher.admit(get('/metrics', `Bearer ${metricsToken}`));
  assert.equal(right.isProven, true);
  const { status, headers, body } = await right.answer(Buffer.alloc(0));
  assert.deepEqual([status, headers['Content-Type'], body], [200, 'text/plain', 'up 1\n']);
  for (const wrong of [undefined, 'Bearer ', 'Bearer x', `Basic ${metricsToken}`, metricsToken]) {
    const { refusal } = api.dispatcher.admit(get('/metrics', wrong));
    assert.deepEqual([refusal?.status, refusal?.headers['WWW-Authenticate']], [401, 'Bearer']);
  }
  assert.equal(api.refused.length, 5);
  assert.ok(api.refused.every(({ reason }) => reason === 'wrong-token'));
  assert.equal(api.recorded.length, 0);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { root, TestApi } from '../../../tests/support/test-api.ts';
import { asText, type TextResponse } from '../../../tests/support/text-response.ts';
import { WaxwingError } from '../../base/errors.ts';
import type { HttpRequest } from '../../net/http/message.ts';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

async function answer(api: TestApi, request: Promise<HttpRequest>): Promise<TextResponse> {
  const response = asText(await api.dispatcher.answer(await request));
  assert.match(response.headers['x-amzn-RequestId'] ?? '', uuid);
  return response;
}

function refusal(response: TextResponse): [number, string | undefined, string] {
  const { message, Message, __type } = JSON.parse(response.body);
  const code = response.headers['x-amzn-ErrorType'];
  if (__type !== undefined) assert.equal(__type, code);
  return [response.status, code, message ?? Message];
}

test('a json-1.1 call is answered in json-1.1 and recorded without secrets', async () => {
  const api = new TestApi();
  const body = '{"KeyId":"k","Plaintext":"AAEC","EncryptionContext":{"Aa":"b"}}';
  const response = await answer(api, api.kmsRequest('Encrypt', body));
  assert.equal(response.status, 200);
  assert.equal(response.headers['Content-Type'], 'application/x-amz-json-1.1');
  assert.deepEqual(JSON.parse(response.body), { CiphertextBlob: 'AgEA', KeyId: 'k' });
  const [call] = api.recorded;
  assert.equal(call?.requestId, response.headers['x-amzn-RequestId']);
  assert.match(call?.eventId ?? '', uuid);
  assert.deepEqual(
    { ...call, requestId: '', eventId: '' },
    {
      caller: { ...root, accessKeyId: 'AKIAEXAMPLEEXAMPLE22' },
      invokedBy: undefined,
      requestId: '',
      eventId: '',
      region: 'eu-central-1',
      accountId: '123456789012',
      sourceIp: '192.0.2.1',
      userAgent: 'test/1.0',
      atMs: api.clock.nowMs(),
      eventSource: 'kms.amazonaws.com',
      eventName: 'Encrypt',
      apiVersion: '2014-11-01',
      readOnly: true,
      requestParameters: { keyId: 'k', encryptionContext: { Aa: 'b' } },
      responseElements: null,
      resources: [{ arn: 'k', type: 'AWS::KMS::Key', accountId: '123456789012' }],
    },
  );
});

test('an operation without output returns an empty body', async () => {
  const api = new TestApi();
  const response = await answer(
    api,
    api.kmsRequest('CreateAlias', '{"AliasName":"alias/a","TargetKeyId":"k"}'),
  );
  assert.deepEqual([response.status, response.body], [200, '']);
});

test('a rest-json call reads members from path, query and body', async () => {
  const api = new TestApi();
  const created = await answer(
    api,
    api.mqRequest(
      'POST',
      '/v1/brokers',
      {},
      '{"brokerName":"x","engineType":"RabbitMQ","users":[{"username":"u","password":"longpassword"}]}',
    ),
  );
  const nowIso = new Date(api.clock.nowMs()).toISOString();
  assert.deepEqual(JSON.parse(created.body), { brokerId: 'b-x', created: nowIso });
  assert.deepEqual(api.recorded[0]?.requestParameters, {
    brokerName: 'x',
    engineType: 'RABBITMQ',
    users: [{ username: 'u', password: '***' }],
  });
  const listed = await answer(api, api.mqRequest('GET', '/v1/brokers', { maxResults: '7' }, ''));
  assert.deepEqual(JSON.parse(listed.body), { nextToken: '7' });
  const arn = 'arn:aws:mq:eu-central-1:123456789012:broker:x:b-x';
  const untagged = await answer(
    api,
    api.mqRequest('DELETE', `/v1/tags/${encodeURIComponent(arn)}`, { tagKeys: ['a', 'b c'] }, ''),
  );
  assert.deepEqual([untagged.status, untagged.body], [204, '']);
  assert.deepEqual(api.recorded[2]?.requestParameters, {
    resourceArn: arn,
    tagKeys: ['a', 'b c'],
  });
});

test('an operation-specific error is returned with all its members and recorded', async () => {
  const api = new TestApi();
  const response = await answer(api, api.mqRequest('GET', '/v1/brokers/b-1', {}, ''));
  assert.deepEqual(refusal(response), [404, 'NotFoundException', 'no broker b-1']);
  assert.equal(JSON.parse(response.body).errorAttribute, 'broker-id');
  assert.deepEqual(api.recorded[0]?.error, {
    code: 'NotFoundException',
    message: 'no broker b-1',
  });
  assert.equal(api.committed.length, 1);
});

test('invalid input returns the protocol-specific error and is recorded', async () => {
  const api = new TestApi();
  const cases: [Promise<HttpRequest>, [number, string, RegExp]][] = [
    [api.kmsRequest('Encrypt', '{"KeyId":'), [400, 'SerializationException', /is not JSON$/]],
    [api.kmsRequest('Encrypt', '[]'), [400, 'SerializationException', /must be a structure$/]],
    [
      api.kmsRequest('Encrypt', `{"KeyId":${'['.repeat(65)}`),
      [400, 'SerializationException', /nested deeper than 64 levels, the maximum allowed$/],
    ],
    [
      api.kmsRequest('Encrypt', '{"KeyId":7,"Plaintext":""}'),
      [400, 'SerializationException', /'keyId' is a number, but must be a string/],
    ],
    [
      api.kmsRequest('ListAliases', '{"Limit":101}'),
      [400, 'ValidationException', /^1 validation error detected: Value '101' at 'limit'/],
    ],
    [api.mqRequest('POST', '/v1/brokers', {}, 'x'), [400, 'BadRequestException', /is not JSON$/]],
    [
      api.mqRequest('POST', '/v1/brokers', {}, 'null'),
      [400, 'BadRequestException', /must be a JSON object$/],
    ],
    [
      api.mqRequest('GET', '/v1/brokers', { maxResults: 'x' }, ''),
      [400, 'BadRequestException', /'maxResults' is a string, but must be an integer/],
    ],
    [
      api.mqRequest('GET', '/v1/brokers', { maxResults: '4' }, ''),
      [400, 'BadRequestException', /Value '4' at 'maxResults'/],
    ],
  ];
  for (const [request, [status, code, message]] of cases) {
    const found = refusal(await answer(api, request));
    assert.deepEqual(found.slice(0, 2), [status, code]);
    assert.match(found[2], message);
  }
  assert.equal(api.recorded.length, cases.length);
  assert.ok(api.recorded.every((call) => call.error));
  // What can be read is recorded, though it breaks a constraint.
  const parameters = api.recorded.map(({ requestParameters }) => requestParameters);
  const expected = [null, null, null, null, { limit: 101 }, null, null, null, { maxResults: 4 }];
  assert.deepEqual(parameters, expected);
});

test('a rest-json validation error names the invalid member as errorAttribute', async () => {
  const api = new TestApi();
  const response = await answer(api, api.mqRequest('POST', '/v1/brokers', {}, '{}'));
  assert.equal(JSON.parse(response.body).errorAttribute, 'brokerName');
});

test('an unknown operation is rejected and reported only to the security log', async () => {
  const api = new TestApi();
  const cases: [Promise<HttpRequest>, number][] = [
    [api.kmsRequest('Nonsense', '{}'), 400],
    [api.kmsRequest('constructor', '{}'), 400],
    [api.mqRequest('GET', '/v1/nonsense', {}, ''), 404],
    [api.mqRequest('PATCH', '/v1/brokers', {}, ''), 404],
    [api.mqRequest('GET', '/v1/brokers/', {}, ''), 404],
  ];
  for (const [request, status] of cases) {
    const [found, code] = refusal(await answer(api, request));
    assert.deepEqual([found, code], [status, 'UnknownOperationException']);
  }
  assert.equal(api.recorded.length, 0);
  assert.equal(api.refused.length, cases.length);
});

test('an unknown caller is rejected with the protocol-specific error', async () => {
  const api = new TestApi();
  const mqPlain = { method: 'GET', path: '/v1/brokers', headers: {}, body: '' };
  const kmsPlain = { ...mqPlain, method: 'POST', path: '/' };
  const target = { ...kmsPlain, headers: { 'x-amz-target': 'TrentService.ListAliases' } };
  const wrong = { secretAccessKey: 'wrong' };
  const late = { atMs: api.clock.nowMs() - 600_000 };
  const nobody = { accessKeyId: 'AKIANOBODYNOBODYNOBO' };
  const cases: [Promise<HttpRequest>, [number, string]][] = [
    [api.signed('kms', target, wrong), [400, 'InvalidSignatureException']],
    [api.signed('mq', mqPlain, wrong), [403, 'SignatureDoesNotMatch']],
    [api.signed('kms', target, late), [400, 'InvalidSignatureException']],
    [api.signed('mq', mqPlain, late), [403, 'SignatureDoesNotMatch']],
    [api.signed('kms', target, nobody), [400, 'UnrecognizedClientException']],
    [api.signed('mq', mqPlain, nobody), [403, 'UnrecognizedClientException']],
  ];
  for (const [request, expected] of cases) {
    assert.deepEqual(refusal(await answer(api, request)).slice(0, 2), expected);
  }
  const unsigned = {
    ...(await api.signed('kms', target)),
    headers: new Map(Object.entries(target.headers)),
  };
  assert.deepEqual(refusal(asText(await api.dispatcher.answer(unsigned))), [
    400,
    'MissingAuthenticationTokenException',
    'Missing Authentication Token',
  ]);
  assert.deepEqual([api.recorded.length, api.refused.length], [0, cases.length + 1]);
  assert.equal(api.refused[0]?.action, 'kms:ListAliases');
});

test('a denied call is rejected and recorded', async () => {
  const api = new TestApi();
  api.denied.add('kms:ListAliases').add('mq:ListBrokers');
  const kms = refusal(await answer(api, api.kmsRequest('ListAliases', '{}')));
  assert.deepEqual(kms.slice(0, 2), [400, 'AccessDeniedException']);
  const mq = refusal(await answer(api, api.mqRequest('GET', '/v1/brokers', {}, '')));
  assert.deepEqual(mq.slice(0, 2), [403, 'ForbiddenException']);
  assert.equal(api.recorded.length, 2);
});

test('a call and its audit record are written in one batch', async () => {
  const api = new TestApi();
  const body = '{"AliasName":"alias/a","TargetKeyId":"k"}';
  await answer(api, api.kmsRequest('CreateAlias', body));
  assert.deepEqual(
    api.committed.map((batch) => batch.map((entry) => ('journal' in entry ? 'kms' : 'audit'))),
    [['kms', 'audit']],
  );
});

test('a call whose batch cannot be committed fails and changes nothing', async () => {
  const api = new TestApi();
  api.commitFailure = new Error('the disk is gone');
  const body = '{"AliasName":"alias/a","TargetKeyId":"k"}';
  const found = refusal(await answer(api, api.kmsRequest('CreateAlias', body)));
  assert.deepEqual(found.slice(0, 2), [500, 'InternalFailure']);
  assert.doesNotMatch(found[2], /disk/);
  assert.equal(api.toys.aliases.size, 0);
  assert.deepEqual(api.unexpectedErrors, [api.commitFailure]);
});

test('a bug returns an internal failure without details and is recorded', async () => {
  const api = new TestApi();
  const found = refusal(await answer(api, api.kmsRequest('DescribeKey', '{"KeyId":"k"}')));
  assert.deepEqual(found.slice(0, 2), [500, 'InternalFailure']);
  assert.doesNotMatch(found[2], /bug/);
  assert.equal(api.unexpectedErrors.length, 1);
  assert.equal(api.recorded[0]?.error?.code, 'InternalFailure');
});

test('of two calls in the same tick, the second sees the changes of the first', async () => {
  const api = new TestApi();
  let open = () => {};
  api.toys.gate = new Promise((resolve) => {
    open = resolve;
  });
  const body = '{"AliasName":"alias/a","TargetKeyId":"k"}';
  const requests = await Promise.all([1, 2, 3].map(() => api.kmsRequest('CreateAlias', body)));
  const answers = requests.map((request) => api.dispatcher.answer(request));
  open();
  const statuses = (await Promise.all(answers)).map(({ status }) => status);
  assert.deepEqual(statuses.sort(), [200, 400, 400]);
});

test('a permission that is lost while a call waits is missing when the call decides', async () => {
  const api = new TestApi();
  let open = () => {};
  api.toys.gate = new Promise((resolve) => {
    open = resolve;
  });
  const body = '{"AliasName":"alias/a","TargetKeyId":"k"}';
  const answering = api.dispatcher.answer(await api.kmsRequest('CreateAlias', body));
  api.denied.add('kms:CreateAlias');
  open();
  assert.deepEqual(refusal(asText(await answering)).slice(0, 2), [400, 'AccessDeniedException']);
  assert.equal(api.toys.aliases.size, 0);
  assert.equal(api.recorded[0]?.error?.code, 'AccessDeniedException');
});

test('a service can call another service as itself', async () => {
  const api = new TestApi();
  const input = { KeyId: 'k', Plaintext: Buffer.from([1, 2]) };
  const output = await api.local.call('kms', 'Encrypt', input, { service: 'mq.amazonaws.com' });
  assert.deepEqual(output, { CiphertextBlob: Buffer.from([2, 1]), KeyId: 'k' });
  const [call] = api.recorded;
  assert.equal(call?.caller.type, 'service');
  assert.equal(call?.caller.principalId, 'mq.amazonaws.com');
  assert.equal(call?.invokedBy, undefined);
});

test('a service can call another service on behalf of its caller, and this is recorded', async () => {
  const api = new TestApi();
  const input = { AliasName: 'alias/a', TargetKeyId: 'k' };
  await api.local.call('kms', 'CreateAlias', input, {
    service: 'mq.amazonaws.com',
    onBehalfOf: root,
    eventSource: 'amazonmq.amazonaws.com',
    sharedEventId: 'shared',
  });
  const [call] = api.recorded;
  assert.deepEqual(call?.caller, root);
  assert.equal(call?.invokedBy, 'mq.amazonaws.com');
  assert.equal(call?.sourceIp, 'mq.amazonaws.com');
  assert.equal(call?.eventSource, 'amazonmq.amazonaws.com');
  assert.equal(call?.sharedEventId, 'shared');
  assert.ok(api.toys.aliases.has('alias/a'));
});

test('a local call is validated and authorised like a remote call', async () => {
  const api = new TestApi();
  const call = (input: object) =>
    api.local.call('kms', 'CreateAlias', input, { service: 'mq.amazonaws.com' });
  const code = (wanted: string) => (error: unknown) =>
    error instanceof WaxwingError && error.code === wanted;
  await assert.rejects(call({ AliasName: 'alias/a' }), code('ValidationException'));
  api.denied.add('kms:CreateAlias');
  const input = { AliasName: 'alias/a', TargetKeyId: 'k' };
  await assert.rejects(call(input), code('AccessDeniedException'));
  assert.equal(api.recorded.length, 2);
});

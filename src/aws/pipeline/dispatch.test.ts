import assert from 'node:assert/strict';
import { test } from 'node:test';
import { root, TestFrontDoor } from '../../../tests/support/front-door.ts';
import { asText, type TextResponse } from '../../../tests/support/text-response.ts';
import { WaxwingError } from '../../base/errors.ts';
import type { HttpRequest } from '../../net/http/message.ts';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

async function answer(door: TestFrontDoor, request: Promise<HttpRequest>): Promise<TextResponse> {
  const response = asText(await door.dispatcher.answer(await request));
  assert.match(response.headers['x-amzn-RequestId'] ?? '', uuid);
  return response;
}

function refusal(response: TextResponse): [number, string | undefined, string] {
  const { message, Message, __type } = JSON.parse(response.body);
  const code = response.headers['x-amzn-ErrorType'];
  if (__type !== undefined) assert.equal(__type, code);
  return [response.status, code, message ?? Message];
}

test('a json-1.1 call is answered in its notation and recorded without its secrets', async () => {
  const door = new TestFrontDoor();
  const body = '{"KeyId":"k","Plaintext":"AAEC","EncryptionContext":{"Aa":"b"}}';
  const response = await answer(door, door.kmsRequest('Encrypt', body));
  assert.equal(response.status, 200);
  assert.equal(response.headers['Content-Type'], 'application/x-amz-json-1.1');
  assert.deepEqual(JSON.parse(response.body), { CiphertextBlob: 'AgEA', KeyId: 'k' });
  const [call] = door.recorded;
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
      atMs: door.clock.nowMs(),
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

test('an operation without output is answered with an empty body', async () => {
  const door = new TestFrontDoor();
  const response = await answer(
    door,
    door.kmsRequest('CreateAlias', '{"AliasName":"alias/a","TargetKeyId":"k"}'),
  );
  assert.deepEqual([response.status, response.body], [200, '']);
});

test('a rest-json call takes members from path, query and body', async () => {
  const door = new TestFrontDoor();
  const created = await answer(
    door,
    door.mqRequest(
      'POST',
      '/v1/brokers',
      {},
      '{"brokerName":"x","engineType":"RabbitMQ","users":[{"username":"u","password":"longpassword"}]}',
    ),
  );
  const nowIso = new Date(door.clock.nowMs()).toISOString();
  assert.deepEqual(JSON.parse(created.body), { brokerId: 'b-x', created: nowIso });
  assert.deepEqual(door.recorded[0]?.requestParameters, {
    brokerName: 'x',
    engineType: 'RABBITMQ',
    users: [{ username: 'u', password: '***' }],
  });
  const listed = await answer(door, door.mqRequest('GET', '/v1/brokers', { maxResults: '7' }, ''));
  assert.deepEqual(JSON.parse(listed.body), { nextToken: '7' });
  const arn = 'arn:aws:mq:eu-central-1:123456789012:broker:x:b-x';
  const untagged = await answer(
    door,
    door.mqRequest('DELETE', `/v1/tags/${encodeURIComponent(arn)}`, { tagKeys: ['a', 'b c'] }, ''),
  );
  assert.deepEqual([untagged.status, untagged.body], [204, '']);
  assert.deepEqual(door.recorded[2]?.requestParameters, {
    resourceArn: arn,
    tagKeys: ['a', 'b c'],
  });
});

test("an operation's own error is written with all its members and recorded", async () => {
  const door = new TestFrontDoor();
  const response = await answer(door, door.mqRequest('GET', '/v1/brokers/b-1', {}, ''));
  assert.deepEqual(refusal(response), [404, 'NotFoundException', 'no broker b-1']);
  assert.equal(JSON.parse(response.body).errorAttribute, 'broker-id');
  assert.deepEqual(door.recorded[0]?.error, {
    code: 'NotFoundException',
    message: 'no broker b-1',
  });
  assert.equal(door.committed.length, 1);
});

test('bad input is answered in the words of the wire, and recorded', async () => {
  const door = new TestFrontDoor();
  const cases: [Promise<HttpRequest>, [number, string, RegExp]][] = [
    [door.kmsRequest('Encrypt', '{"KeyId":'), [400, 'SerializationException', /is not JSON$/]],
    [door.kmsRequest('Encrypt', '[]'), [400, 'SerializationException', /must be a structure$/]],
    [
      door.kmsRequest('Encrypt', `{"KeyId":${'['.repeat(65)}`),
      [400, 'SerializationException', /nested deeper than the 64 levels allowed$/],
    ],
    [
      door.kmsRequest('Encrypt', '{"KeyId":7,"Plaintext":""}'),
      [400, 'SerializationException', /'keyId' is a number, but must be a string/],
    ],
    [
      door.kmsRequest('ListAliases', '{"Limit":101}'),
      [400, 'ValidationException', /^1 validation error detected: Value '101' at 'limit'/],
    ],
    [door.mqRequest('POST', '/v1/brokers', {}, 'x'), [400, 'BadRequestException', /is not JSON$/]],
    [
      door.mqRequest('POST', '/v1/brokers', {}, 'null'),
      [400, 'BadRequestException', /must be a JSON object$/],
    ],
    [
      door.mqRequest('GET', '/v1/brokers', { maxResults: 'x' }, ''),
      [400, 'BadRequestException', /'maxResults' is a string, but must be an integer/],
    ],
    [
      door.mqRequest('GET', '/v1/brokers', { maxResults: '4' }, ''),
      [400, 'BadRequestException', /Value '4' at 'maxResults'/],
    ],
  ];
  for (const [request, [status, code, message]] of cases) {
    const found = refusal(await answer(door, request));
    assert.deepEqual(found.slice(0, 2), [status, code]);
    assert.match(found[2], message);
  }
  assert.equal(door.recorded.length, cases.length);
  assert.ok(door.recorded.every((call) => call.error));
  // What can be read is recorded, though it breaks a constraint.
  const parameters = door.recorded.map(({ requestParameters }) => requestParameters);
  const expected = [null, null, null, null, { limit: 101 }, null, null, null, { maxResults: 4 }];
  assert.deepEqual(parameters, expected);
});

test('a member that breaks a rule is named as errorAttribute on the rest-json wire', async () => {
  const door = new TestFrontDoor();
  const response = await answer(door, door.mqRequest('POST', '/v1/brokers', {}, '{}'));
  assert.equal(JSON.parse(response.body).errorAttribute, 'brokerName');
});

test('what is not known is refused and told to the security log only', async () => {
  const door = new TestFrontDoor();
  const cases: [Promise<HttpRequest>, number][] = [
    [door.kmsRequest('Nonsense', '{}'), 400],
    [door.kmsRequest('constructor', '{}'), 400],
    [door.mqRequest('GET', '/v1/nonsense', {}, ''), 404],
    [door.mqRequest('PATCH', '/v1/brokers', {}, ''), 404],
    [door.mqRequest('GET', '/v1/brokers/', {}, ''), 404],
  ];
  for (const [request, status] of cases) {
    const [found, code] = refusal(await answer(door, request));
    assert.deepEqual([found, code], [status, 'UnknownOperationException']);
  }
  assert.equal(door.recorded.length, 0);
  assert.equal(door.refused.length, cases.length);
});

test('a caller who is not known is refused in the words of the wire', async () => {
  const door = new TestFrontDoor();
  const mqPlain = { method: 'GET', path: '/v1/brokers', headers: {}, body: '' };
  const kmsPlain = { ...mqPlain, method: 'POST', path: '/' };
  const target = { ...kmsPlain, headers: { 'x-amz-target': 'TrentService.ListAliases' } };
  const wrong = { secretAccessKey: 'wrong' };
  const late = { atMs: door.clock.nowMs() - 600_000 };
  const nobody = { accessKeyId: 'AKIANOBODYNOBODYNOBO' };
  const cases: [Promise<HttpRequest>, [number, string]][] = [
    [door.signed('kms', target, wrong), [400, 'InvalidSignatureException']],
    [door.signed('mq', mqPlain, wrong), [403, 'SignatureDoesNotMatch']],
    [door.signed('kms', target, late), [400, 'InvalidSignatureException']],
    [door.signed('mq', mqPlain, late), [403, 'SignatureDoesNotMatch']],
    [door.signed('kms', target, nobody), [400, 'UnrecognizedClientException']],
    [door.signed('mq', mqPlain, nobody), [403, 'UnrecognizedClientException']],
  ];
  for (const [request, expected] of cases) {
    assert.deepEqual(refusal(await answer(door, request)).slice(0, 2), expected);
  }
  const unsigned = {
    ...(await door.signed('kms', target)),
    headers: new Map(Object.entries(target.headers)),
  };
  assert.deepEqual(refusal(asText(await door.dispatcher.answer(unsigned))), [
    400,
    'MissingAuthenticationTokenException',
    'Missing Authentication Token',
  ]);
  assert.deepEqual([door.recorded.length, door.refused.length], [0, cases.length + 1]);
  assert.equal(door.refused[0]?.action, 'kms:ListAliases');
});

test('a denied call is refused and recorded', async () => {
  const door = new TestFrontDoor();
  door.denied.add('kms:ListAliases').add('mq:ListBrokers');
  const kms = refusal(await answer(door, door.kmsRequest('ListAliases', '{}')));
  assert.deepEqual(kms.slice(0, 2), [400, 'AccessDeniedException']);
  const mq = refusal(await answer(door, door.mqRequest('GET', '/v1/brokers', {}, '')));
  assert.deepEqual(mq.slice(0, 2), [403, 'ForbiddenException']);
  assert.equal(door.recorded.length, 2);
});

test('a call and its record are one batch', async () => {
  const door = new TestFrontDoor();
  const body = '{"AliasName":"alias/a","TargetKeyId":"k"}';
  await answer(door, door.kmsRequest('CreateAlias', body));
  assert.deepEqual(
    door.committed.map((batch) => batch.map((entry) => ('journal' in entry ? 'kms' : 'audit'))),
    [['kms', 'audit']],
  );
});

test('a call whose batch cannot be committed fails and changed nothing', async () => {
  const door = new TestFrontDoor();
  door.commitFailure = new Error('the disk is gone');
  const body = '{"AliasName":"alias/a","TargetKeyId":"k"}';
  const found = refusal(await answer(door, door.kmsRequest('CreateAlias', body)));
  assert.deepEqual(found.slice(0, 2), [500, 'InternalFailure']);
  assert.doesNotMatch(found[2], /disk/);
  assert.equal(door.toys.aliases.size, 0);
  assert.deepEqual(door.unexpectedErrors, [door.commitFailure]);
});

test('a bug is an internal failure that tells nothing of itself, and is recorded', async () => {
  const door = new TestFrontDoor();
  const found = refusal(await answer(door, door.kmsRequest('DescribeKey', '{"KeyId":"k"}')));
  assert.deepEqual(found.slice(0, 2), [500, 'InternalFailure']);
  assert.doesNotMatch(found[2], /bug/);
  assert.equal(door.unexpectedErrors.length, 1);
  assert.equal(door.recorded[0]?.error?.code, 'InternalFailure');
});

test('of two calls that decide in the same tick, the second sees what the first changed', async () => {
  const door = new TestFrontDoor();
  let open = () => {};
  door.toys.gate = new Promise((resolve) => {
    open = resolve;
  });
  const body = '{"AliasName":"alias/a","TargetKeyId":"k"}';
  const requests = await Promise.all([1, 2, 3].map(() => door.kmsRequest('CreateAlias', body)));
  const answers = requests.map((request) => door.dispatcher.answer(request));
  open();
  const statuses = (await Promise.all(answers)).map(({ status }) => status);
  assert.deepEqual(statuses.sort(), [200, 400, 400]);
});

test('a service calls another as itself', async () => {
  const door = new TestFrontDoor();
  const input = { KeyId: 'k', Plaintext: Buffer.from([1, 2]) };
  const output = await door.local.call('kms', 'Encrypt', input, { service: 'mq.amazonaws.com' });
  assert.deepEqual(output, { CiphertextBlob: Buffer.from([2, 1]), KeyId: 'k' });
  const [call] = door.recorded;
  assert.equal(call?.caller.type, 'service');
  assert.equal(call?.caller.principalId, 'mq.amazonaws.com');
  assert.equal(call?.invokedBy, undefined);
});

test('a service calls another on behalf of its caller, and the record says so', async () => {
  const door = new TestFrontDoor();
  const input = { AliasName: 'alias/a', TargetKeyId: 'k' };
  await door.local.call('kms', 'CreateAlias', input, {
    service: 'mq.amazonaws.com',
    onBehalfOf: root,
    eventSource: 'amazonmq.amazonaws.com',
    sharedEventId: 'shared',
  });
  const [call] = door.recorded;
  assert.deepEqual(call?.caller, root);
  assert.equal(call?.invokedBy, 'mq.amazonaws.com');
  assert.equal(call?.sourceIp, 'mq.amazonaws.com');
  assert.equal(call?.eventSource, 'amazonmq.amazonaws.com');
  assert.equal(call?.sharedEventId, 'shared');
  assert.ok(door.toys.aliases.has('alias/a'));
});

test('a local call is validated and authorised like any other', async () => {
  const door = new TestFrontDoor();
  const call = (input: object) =>
    door.local.call('kms', 'CreateAlias', input, { service: 'mq.amazonaws.com' });
  const code = (wanted: string) => (error: unknown) =>
    error instanceof WaxwingError && error.code === wanted;
  await assert.rejects(call({ AliasName: 'alias/a' }), code('ValidationException'));
  door.denied.add('kms:CreateAlias');
  const input = { AliasName: 'alias/a', TargetKeyId: 'k' };
  await assert.rejects(call(input), code('AccessDeniedException'));
  assert.equal(door.recorded.length, 2);
});

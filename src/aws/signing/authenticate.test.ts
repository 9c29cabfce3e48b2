import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../../tests/support/manual-clock.ts';
import {
  type PlainRequest,
  type Signing,
  signRequest,
} from '../../../tests/support/sign-request.ts';
import { Secret } from '../../base/secret.ts';
import type { Caller } from '../../calls/caller.ts';
import type { HttpRequest } from '../../net/http/message.ts';
import { RequestError } from '../errors.ts';
import { Authenticator } from './authenticate.ts';

const nowMs = Date.UTC(2026, 0, 2, 0, 2, 0);
const accessKeyId = 'AKIAEXAMPLEEXAMPLE22';
const secretAccessKey = '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';
const root: Caller = {
  type: 'root',
  accountId: '123456789012',
  arn: 'arn:aws:iam::123456789012:root',
  principalId: '123456789012',
};
const signing: Signing = {
  accessKeyId,
  secretAccessKey,
  region: 'eu-central-1',
  service: 'kms',
  atMs: nowMs,
};
const listKeys: PlainRequest = {
  method: 'POST',
  path: '/',
  headers: {
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': 'TrentService.ListKeys',
  },
  body: '{"Limit":7}',
};

function authenticator(): Authenticator {
  return new Authenticator({
    findAccessKey: (id, token) =>
      id === accessKeyId && token === undefined
        ? { caller: root, secret: () => new Secret(secretAccessKey) }
        : undefined,
    region: 'eu-central-1',
    globalRegion: { name: 'us-east-1', services: ['sts'] },
    clock: new ManualClock(nowMs),
  });
}

function accepted(request: HttpRequest, service = 'kms'): Caller {
  return authenticator().authenticate(request, service);
}

function refused(request: HttpRequest, service = 'kms'): string {
  try {
    authenticator().authenticate(request, service);
  } catch (error) {
    assert.ok(error instanceof RequestError);
    return `${error.code}: ${error.message}`;
  }
  assert.fail('it was accepted');
}

function withHeaders(
  request: HttpRequest,
  changes: Record<string, string | undefined>,
): HttpRequest {
  const headers = new Map(request.headers);
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) headers.delete(name);
    else headers.set(name, value);
  }
  return { ...request, headers };
}

async function signed(changes: Partial<Signing> = {}, plain = listKeys): Promise<HttpRequest> {
  return signRequest(plain, { ...signing, ...changes });
}

const mismatch = /^signature-mismatch: The request signature we calculated does not match/;

test('a request signed by the official SDK is accepted and its caller is identified', async () => {
  assert.deepEqual(accepted(await signed()), { ...root, accessKeyId });
});

test('a second request with the same key is accepted, and one with a wrong signature is rejected', async () => {
  const one = authenticator();
  one.authenticate(await signed(), 'kms');
  one.authenticate(await signed({}, { ...listKeys, body: '{}' }), 'kms');
  const forged = { ...(await signed()), body: Buffer.from('{"Limit":8}') };
  assert.throws(() => one.authenticate(forged, 'kms'), /does not match/);
});

test('paths and queries of every kind produce the same signature on client and server', async () => {
  const paths = [
    '/v1/brokers',
    '/v1/tags/arn%3Aaws%3Amq%3Aeu-central-1%3A123456789012%3Abroker%3Ax%3Ab-1',
    "/v1/a%20b/%C3%A9/~-_.!'()*",
    '/v1/x/',
    '/',
  ];
  const queries: Record<string, string | string[]>[] = [
    {},
    { tagKeys: ['b', 'a', 'A'], empty: '' },
    { 'a b': 'c+d/e=f&g', é: "!'()*~" },
    { a: '1', 'a-b': '2', ab: '3', aB: '4' },
  ];
  for (const path of paths) {
    for (const query of queries) {
      const plain: PlainRequest = { method: 'GET', path, query, headers: {}, body: '' };
      accepted(await signed({ service: 'mq' }, plain), 'mq');
      accepted(await signRequest(plain, { ...signing, service: 'mq' }, true), 'mq');
    }
  }
});

test('repeated spaces in header values are normalised for the signature', async () => {
  const headers = { ...listKeys.headers, 'x-amz-note': '  a   b ' };
  accepted(await signed({}, { ...listKeys, headers }));
});

test('a request without credentials is rejected', async () => {
  const request = withHeaders(await signed(), { authorization: undefined });
  assert.equal(refused(request), 'missing-authentication: Missing Authentication Token');
});

test('missing parts of the Authorization header are listed', async () => {
  const request = await signed();
  const credential = `${accessKeyId}/20260102/eu-central-1/kms/aws4_request`;
  assert.equal(
    refused(withHeaders(request, { authorization: 'AWS4-HMAC-SHA256', 'x-amz-date': undefined })),
    "incomplete-signature: Authorization header requires 'Credential' parameter. " +
      "Authorization header requires 'Signature' parameter. " +
      "Authorization header requires 'SignedHeaders' parameter. " +
      "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. " +
      '(Hashed with SHA-256 and encoded with Base64) ' +
      'Authorization=YI2YWea8FSxnksZL2ETHbs5elHm9HQufxTLK0W0ffV0=',
  );
  const cases: [string, RegExp][] = [
    ['Bearer token', /Unsupported AWS 'algorithm': 'Bearer'/],
    [`AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=0`, /exactly 5 .* got 2$/],
    [
      `AWS4-HMAC-SHA256 Credential=${credential}, Signature=0`,
      /requires 'SignedHeaders' parameter/,
    ],
  ];
  for (const [authorization, text] of cases) {
    assert.match(refused(withHeaders(request, { authorization })), text);
  }
  assert.match(
    refused(withHeaders(request, { 'x-amz-date': 'yesterday' })),
    /^incomplete-signature/,
  );
});

test('a request with two authentication methods is rejected', async () => {
  const request = { ...(await signed()), rawQuery: 'X-Amz-Algorithm=AWS4-HMAC-SHA256' };
  assert.match(refused(request), /^incomplete-signature: Only one way/);
});

test('an unknown access key and an unexpected session token are rejected', async () => {
  const text = 'unknown-access-key: The security token included in the request is invalid.';
  assert.equal(refused(await signed({ accessKeyId: 'AKIAUNKNOWNUNKNOWN22' })), text);
  assert.equal(refused(await signed({ sessionToken: 'token' })), text);
});

test('a signature made with another secret or for other content is rejected', async () => {
  assert.match(refused(await signed({ secretAccessKey: 'other' })), mismatch);
  const request = await signed();
  assert.match(refused({ ...request, body: Buffer.from('{"Limit":8}') }), mismatch);
  assert.match(refused({ ...request, rawQuery: 'a=b' }), mismatch);
  assert.match(refused({ ...request, rawPath: '/x' }), mismatch);
  assert.match(refused({ ...request, method: 'GET' }), mismatch);
  const target = 'TrentService.CreateKey';
  assert.match(refused(withHeaders(request, { 'x-amz-target': target })), mismatch);
  const cut = (request.headers.get('authorization') ?? '').slice(0, -1);
  assert.match(refused(withHeaders(request, { authorization: cut })), mismatch);
  assert.match(refused(withHeaders(request, { authorization: `${cut}g` })), mismatch);
  const upper = (request.headers.get('authorization') ?? '').replace(
    /Signature=.*/,
    (signature) => `Signature=${signature.slice(10).toUpperCase()}`,
  );
  assert.match(refused(withHeaders(request, { authorization: upper })), mismatch);
});

test('headers that affect the meaning of a request must be signed', async () => {
  const request = await signed();
  assert.equal(
    refused(withHeaders(request, { 'x-amz-extra': 'a' })),
    "signature-mismatch: 'x-amz-extra' must be a 'SignedHeader' in the AWS Authorization.",
  );
  const authorization = (request.headers.get('authorization') ?? '').replace('host;', '');
  assert.match(refused(withHeaders(request, { authorization })), /'host' must be a 'SignedHeader'/);
});

test('a declared body hash must match the body', async () => {
  const headers = { ...listKeys.headers, 'x-amz-content-sha256': '0'.repeat(64) };
  assert.match(refused(await signed({}, { ...listKeys, headers })), /x-amz-content-sha256/);
});

test('a clock skew of up to five minutes is accepted, one second more is rejected', async () => {
  accepted(await signed({ atMs: nowMs - 300_000 }));
  accepted(await signed({ atMs: nowMs + 300_000 }));
  assert.equal(
    refused(await signed({ atMs: nowMs - 301_000 })),
    'signature-mismatch: Signature expired: 20260101T235659Z is now earlier than ' +
      '20260101T235700Z (20260102T000200Z - 5 min.)',
  );
  assert.equal(
    refused(await signed({ atMs: nowMs + 301_000 })),
    'signature-mismatch: Signature not yet current: 20260102T000701Z is still later than ' +
      '20260102T000700Z (20260102T000200Z + 5 min.)',
  );
});

test('the credential scope must match date, region, service and terminator', async () => {
  assert.equal(
    refused(await signed({ region: 'eu-west-1' })),
    "signature-mismatch: Credential should be scoped to a valid region, not 'eu-west-1'.",
  );
  assert.equal(
    refused(await signed({ service: 'mq' })),
    "signature-mismatch: Credential should be scoped to correct service: 'kms'.",
  );
  const request = await signed();
  const scoped = (from: string, to: string) => {
    const header = request.headers.get('authorization') ?? '';
    return refused(withHeaders(request, { authorization: header.replace(from, to) }));
  };
  assert.match(scoped('20260102', '20260101'), /'20260101' != '20260102', from '20260102T000200Z'/);
  assert.match(scoped('aws4_request', 'aws4'), /valid terminator: 'aws4_request', not 'aws4'/);
});

test('a single-region AWS service also accepts signatures for its AWS region', async () => {
  accepted(await signed({ service: 'sts', region: 'us-east-1' }), 'sts');
  assert.match(refused(await signed({ region: 'us-east-1' })), /valid region, not 'us-east-1'/);
});

test('a presigned request is valid until it expires', async () => {
  const plain: PlainRequest = { method: 'GET', path: '/v1/brokers', headers: {}, body: '' };
  const presigned = (atMs: number) => signRequest(plain, { ...signing, service: 'mq', atMs }, true);
  accepted(await presigned(nowMs - 60_000), 'mq');
  assert.match(
    refused(await presigned(nowMs - 61_000), 'mq'),
    /Signature expired: 20260102T000159Z/,
  );
  const request = await presigned(nowMs);
  const changed = (from: RegExp, to: string) =>
    refused({ ...request, rawQuery: request.rawQuery.replace(from, to) }, 'mq');
  assert.match(changed(/X-Amz-Expires=60/, 'X-Amz-Expires=59'), mismatch);
  assert.match(changed(/X-Amz-Expires=60/, 'X-Amz-Expires=604801'), /between 1 and 604800/);
  assert.match(changed(/X-Amz-Signature=[0-9a-f]+/, ''), /must include 'X-Amz-Signature'/);
});

test('a key that is deleted while the body of its request arrives is not accepted', async () => {
  const keys = new Map([
    [accessKeyId, { caller: root, secret: () => new Secret(secretAccessKey) }],
  ]);
  const found = new Authenticator({
    findAccessKey: (id) => keys.get(id),
    region: 'eu-central-1',
    globalRegion: { name: 'us-east-1', services: [] },
    clock: new ManualClock(nowMs),
  });
  const request = await signRequest(listKeys, signing);
  const claim = found.claim(request, 'kms');
  claim.prove(request.body);
  keys.clear();
  assert.throws(() => claim.prove(request.body), { code: 'unknown-access-key' });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import aws4 from 'aws4';
import type { HttpRequest } from '../../../src/net/http/message.ts';
import { ControlPlane, region } from '../../support/control-plane.ts';
import { type PlainRequest, type Signing, signRequest } from '../../support/sign-request.ts';

// Each way in which a signature can be wrong, on each wire, with the code, status and text of AWS.

const plane = await ControlPlane.inProcess();
const { clock } = plane.machine;

type Wire = 'json' | 'rest-json' | 'query';

const form = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };

const services: Readonly<Record<Wire, { service: string; plain: PlainRequest }>> = {
  json: {
    service: 'kms',
    plain: {
      method: 'POST',
      path: '/',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'TrentService.ListKeys',
      },
      body: '{}',
    },
  },
  'rest-json': {
    service: 'mq',
    plain: { method: 'GET', path: '/v1/brokers', headers: {}, body: '' },
  },
  query: {
    service: 'iam',
    plain: {
      method: 'POST',
      path: '/',
      headers: form,
      body: 'Action=ListUsers&Version=2010-05-08',
    },
  },
};

function signingOf(wire: Wire): Signing {
  const { service } = services[wire];
  return { ...plane.credentials, region, service, atMs: clock.nowMs() };
}

function signed(wire: Wire, changes: Partial<Signing> = {}): Promise<HttpRequest> {
  return signRequest(services[wire].plain, { ...signingOf(wire), ...changes });
}

function withHeaders(
  request: HttpRequest,
  changes: Readonly<Record<string, string | undefined>>,
): HttpRequest {
  const headers = new Map(request.headers);
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) headers.delete(name);
    else headers.set(name, value);
  }
  return { ...request, headers };
}

/** A request whose Authorization header was changed after it was signed. */
async function reworded(wire: Wire, from: string | RegExp, to: string): Promise<HttpRequest> {
  const request = await signed(wire);
  const authorization = (request.headers.get('authorization') ?? '').replace(from, to);
  return withHeaders(request, { authorization });
}

/** The status, code and message of an answer. */
async function answered(wire: Wire, request: HttpRequest) {
  const { status, headers, body } = await plane.answer(request);
  if (wire === 'query') {
    const [, code] = /<Code>(.*)<\/Code>/.exec(body) ?? [];
    const [, message = ''] = /<Message>(.*)<\/Message>/s.exec(body) ?? [];
    return { status, code, message: message.replaceAll('&gt;', '>') };
  }
  const parsed: { __type?: string; message?: string } = JSON.parse(body);
  const code = wire === 'json' ? parsed.__type : headers['x-amzn-ErrorType'];
  return { status, code, message: parsed.message ?? '' };
}

type Expected = Readonly<Record<Wire, readonly [status: number, code: string]>>;

const missing: Expected = {
  json: [400, 'MissingAuthenticationTokenException'],
  'rest-json': [403, 'MissingAuthenticationTokenException'],
  query: [403, 'MissingAuthenticationToken'],
};
const incomplete: Expected = {
  json: [400, 'IncompleteSignatureException'],
  'rest-json': [400, 'IncompleteSignatureException'],
  query: [400, 'IncompleteSignature'],
};
const unknownKey: Expected = {
  json: [400, 'UnrecognizedClientException'],
  'rest-json': [403, 'UnrecognizedClientException'],
  query: [403, 'InvalidClientTokenId'],
};
const mismatch: Expected = {
  json: [400, 'InvalidSignatureException'],
  'rest-json': [403, 'SignatureDoesNotMatch'],
  query: [403, 'SignatureDoesNotMatch'],
};

interface Row {
  readonly title: string;
  readonly request: (wire: Wire) => Promise<HttpRequest> | HttpRequest;
  readonly expected: Expected;
  readonly message: RegExp;
}

const day = new Date(clock.nowMs()).toISOString().slice(0, 10).replaceAll('-', '');

const rows: readonly Row[] = [
  {
    title: 'no auth info',
    request: async (wire) => withHeaders(await signed(wire), { authorization: undefined }),
    expected: missing,
    message: /^Missing Authentication Token$/,
  },
  {
    title: 'Authorization not parsable',
    request: async (wire) =>
      withHeaders(await signed(wire), {
        authorization: 'AWS4-HMAC-SHA256 x',
        'x-amz-date': undefined,
      }),
    expected: incomplete,
    message:
      /^Authorization header requires 'Credential' parameter\. Authorization header requires 'Signature' parameter\. Authorization header requires 'SignedHeaders' parameter\. Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header\. .*Authorization=/,
  },
  {
    title: 'algorithm unknown',
    request: (wire) => reworded(wire, 'AWS4-HMAC-SHA256', 'AWS3'),
    expected: incomplete,
    message: /^Unsupported AWS 'algorithm': 'AWS3'/,
  },
  {
    title: 'SigV4A',
    request: (wire) => reworded(wire, 'AWS4-HMAC-SHA256', 'AWS4-ECDSA-P256-SHA256'),
    expected: incomplete,
    message: /^Signature Version 4A \('AWS4-ECDSA-P256-SHA256'\) is not supported/,
  },
  {
    title: 'host or any received x-amz-* header not signed: host',
    request: (wire) => reworded(wire, /host;/, ''),
    expected: mismatch,
    message: /'host' must be a 'SignedHeader'/,
  },
  {
    title: 'host or any received x-amz-* header not signed: x-amz-extra',
    request: async (wire) => withHeaders(await signed(wire), { 'x-amz-extra': '1' }),
    expected: mismatch,
    message: /'x-amz-extra' must be a 'SignedHeader'/,
  },
  {
    title: 'access key unknown or inactive',
    request: (wire) => signed(wire, { accessKeyId: 'AKIAUNKNOWNUNKNOWN22' }),
    expected: unknownKey,
    message: /^The security token included in the request is invalid\.?$/,
  },
  {
    title: 'session token missing/incorrect for ASIA key: missing',
    request: (wire) => signed(wire, { accessKeyId: 'ASIAUNKNOWNUNKNOWN22' }),
    expected: unknownKey,
    message: /^The security token included in the request is invalid\.?$/,
  },
  {
    title: 'session token missing/incorrect for ASIA key: incorrect',
    request: (wire) => signed(wire, { accessKeyId: 'ASIAUNKNOWNUNKNOWN22', sessionToken: 'x' }),
    expected: unknownKey,
    message: /^The security token included in the request is invalid\.?$/,
  },
  {
    title: 'session token with a long-term key',
    request: (wire) => signed(wire, { sessionToken: 'x' }),
    expected: unknownKey,
    message: /^The security token included in the request is invalid\.?$/,
  },
  {
    title: 'scope date ≠ X-Amz-Date day',
    request: (wire) => reworded(wire, `/${day}/`, '/20200101/'),
    expected: mismatch,
    message:
      /^Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20200101' != '\d{8}', from '\d{8}T\d{6}Z'\.$/,
  },
  {
    title: 'terminator',
    request: (wire) => reworded(wire, 'aws4_request', 'x'),
    expected: mismatch,
    message: /^Credential should be scoped with a valid terminator: 'aws4_request', not 'x'\.$/,
  },
  {
    title: 'region',
    request: (wire) => signed(wire, { region: 'eu-west-1' }),
    expected: mismatch,
    message: /^Credential should be scoped to a valid region, not 'eu-west-1'\.$/,
  },
  {
    title: 'service',
    request: (wire) => signed(wire, { service: 'other' }),
    expected: mismatch,
    message: /^Credential should be scoped to correct service: '(kms|mq|iam)'\.$/,
  },
  {
    title: 'clock: past',
    request: (wire) => signed(wire, { atMs: clock.nowMs() - 301_000 }),
    expected: mismatch,
    message:
      /^Signature expired: \d{8}T\d{6}Z is now earlier than \d{8}T\d{6}Z \(\d{8}T\d{6}Z - 5 min\.\)$/,
  },
  {
    title: 'clock: future',
    request: (wire) => signed(wire, { atMs: clock.nowMs() + 301_000 }),
    expected: mismatch,
    message:
      /^Signature not yet current: \d{8}T\d{6}Z is still later than \d{8}T\d{6}Z \(\d{8}T\d{6}Z \+ 5 min\.\)$/,
  },
  {
    title: 'signature',
    request: (wire) => signed(wire, { secretAccessKey: 'other' }),
    expected: mismatch,
    message:
      /^The request signature we calculated does not match the signature you provided\. Check your AWS Secret Access Key and signing method\. Consult the service documentation for details\.$/,
  },
];

for (const { title, request, expected, message } of rows) {
  for (const wire of ['json', 'rest-json', 'query'] as const) {
    test(`${title} (${wire})`, async () => {
      const found = await answered(wire, await request(wire));
      assert.deepEqual([found.status, found.code], expected[wire], found.message);
      assert.match(found.message, message);
    });
  }
}

test('presigned expired: the request is refused', async () => {
  const { service, plain } = services['rest-json'];
  const signing = { ...plane.credentials, region, service };
  const at = (atMs: number) => signRequest(plain, { ...signing, atMs }, true);
  assert.equal((await plane.answer(await at(clock.nowMs() - 60_000))).status, 200);
  const found = await answered('rest-json', await at(clock.nowMs() - 61_000));
  assert.deepEqual([found.status, found.code], [403, 'SignatureDoesNotMatch']);
  assert.match(found.message, /^Signature expired: /);
});

test('the query protocol omits the full stop in the unknown access key error, as AWS does', async () => {
  const text = 'The security token included in the request is invalid';
  for (const [wire, end] of [
    ['json', '.'],
    ['rest-json', '.'],
    ['query', ''],
  ] as const) {
    const request = await signed(wire, { accessKeyId: 'AKIAUNKNOWNUNKNOWN22' });
    assert.equal((await answered(wire, request)).message, `${text}${end}`);
  }
});

/** Signs a request with the library aws4. */
function signedByAws4(wire: Wire, isPresigned: boolean): HttpRequest {
  const { service, plain } = services[wire];
  const { accessKeyId, secretAccessKey } = plane.credentials;
  const atMs = clock.nowMs();
  const date = `${new Date(atMs).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
  const request = aws4.sign(
    {
      host: 'localhost',
      method: plain.method,
      path: isPresigned ? `${plain.path}?X-Amz-Date=${date}&X-Amz-Expires=60` : plain.path,
      service,
      region,
      headers: isPresigned ? { ...plain.headers } : { ...plain.headers, 'X-Amz-Date': date },
      body: String(plain.body),
      signQuery: isPresigned,
    },
    { accessKeyId, secretAccessKey },
  );
  const [rawPath = '', rawQuery = ''] = (request.path ?? '').split('?');
  const headers = Object.entries(request.headers ?? {}).map(
    ([name, value]) => [name.toLowerCase(), String(value)] as const,
  );
  return {
    method: plain.method,
    rawPath,
    rawQuery,
    headers: new Map(headers),
    body: Buffer.from(plain.body),
    peerAddress: '192.0.2.1',
  };
}

test('requests signed by the aws4 library are accepted', async () => {
  for (const wire of ['json', 'rest-json', 'query'] as const) {
    const { status, body } = await plane.answer(signedByAws4(wire, false));
    assert.equal(status, 200, body);
  }
});

test('requests presigned by the aws4 library are accepted', async () => {
  const { status, body } = await plane.answer(signedByAws4('rest-json', true));
  assert.equal(status, 200, body);
});

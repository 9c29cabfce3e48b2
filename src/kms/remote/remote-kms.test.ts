import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { planeCertificates } from '../../../tests/support/certificates.ts';
import { ManualClock } from '../../../tests/support/manual-clock.ts';
import { systemRandom } from '../../base/random.ts';
import { RemoteKms } from './remote-kms.ts';
import { RemoteKmsClient } from './remote-kms-client.ts';

const keyArn = 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const secret = 'never-shown-0123456789-0123456789-012345';

interface Asked {
  readonly target: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A server that answers what a test wants. */
let server: Server;
let authority: string;
const asked: Asked[] = [];
let answer: (asked: Asked) => readonly [status: number, body: string];
let client: RemoteKmsClient;

before(async () => {
  process.env['AWS_ACCESS_KEY_ID'] = 'AKIAIOSFODNN7EXAMPLE';
  process.env['AWS_SECRET_ACCESS_KEY'] = secret;
  const certificates = await planeCertificates();
  authority = certificates.authority;
  server = createServer({
    cert: certificates.servers.map(({ certificate }) => certificate),
    key: certificates.servers.map(({ privateKey }) => privateKey),
  });
  server.on('request', (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const target = String(request.headers['x-amz-target']).replace('TrentService.', '');
      const sent = { target, body: JSON.parse(Buffer.concat(chunks).toString()) };
      asked.push(sent);
      const [status, body] = answer(sent);
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
      response.end(body);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  client = clientAt(`https://localhost:${(server.address() as AddressInfo).port}`);
});
after(async () => {
  await client.close();
  server.closeAllConnections();
  server.close();
});

function clientAt(endpoint: string): RemoteKmsClient {
  const address = { region: 'eu-west-1', authorities: authority, profile: undefined };
  return new RemoteKmsClient({ ...address, endpoint, isFips: false });
}

function error(code: string, message = 'why'): string {
  return JSON.stringify({ __type: code, message });
}

test('only decisions of the remote KMS are refusals', async () => {
  const cases: [status: number, body: string, code: string][] = [
    [400, error('AccessDeniedException'), 'AccessDeniedException'],
    [400, error('DisabledException'), 'DisabledException'],
    [400, error('KMSInvalidStateException'), 'KMSInvalidStateException'],
    [400, error('NotFoundException'), 'NotFoundException'],
    [400, error('DryRunOperationException'), 'DryRunOperationException'],
    [400, error('ThrottlingException'), 'kms-unreachable'],
    [400, error('UnrecognizedClientException'), 'kms-unreachable'],
    [400, error('ExpiredTokenException'), 'kms-unreachable'],
    [400, error('InvalidSignatureException'), 'kms-unreachable'],
    [500, error('KMSInternalException'), 'kms-unreachable'],
    [500, error('KeyUnavailableException'), 'kms-unreachable'],
    [503, error('DependencyTimeoutException'), 'kms-unreachable'],
    [502, '<html>a gateway</html>', 'kms-unreachable'],
    [200, 'no JSON', 'kms-unreachable'],
  ];
  for (const [status, body, code] of cases) {
    answer = () => [status, body];
    await assert.rejects(
      client.call('DescribeKey', { KeyId: keyArn }),
      (found: Error & { code?: string }) => {
        assert.equal(found.code, code, body);
        assert.ok(found.message.length < 800 && !found.message.includes(secret));
        return true;
      },
    );
  }
});

test('an endpoint without a listener, or with another certificate, is unreachable', async () => {
  const nobody = clientAt('https://127.0.0.1:1');
  await assert.rejects(nobody.call('DescribeKey', { KeyId: keyArn }), {
    code: 'kms-unreachable',
    message: /ECONNREFUSED/,
  });
  const { port } = server.address() as AddressInfo;
  const address = { region: 'eu-west-1', profile: undefined, isFips: false };
  const endpoint = `https://localhost:${port}`;
  const untrusting = new RemoteKmsClient({ ...address, endpoint, authorities: undefined });
  await assert.rejects(untrusting.call('DescribeKey', { KeyId: keyArn }), {
    code: 'kms-unreachable',
  });
  await Promise.all([nobody.close(), untrusting.close()]);
});

test('the endpoints of AWS follow from the region', () => {
  const urlOf = (region: string, isFips: boolean) =>
    new RemoteKmsClient({
      region,
      endpoint: undefined,
      authorities: undefined,
      profile: undefined,
      isFips,
    }).url;
  assert.equal(urlOf('eu-west-1', false), 'https://kms.eu-west-1.amazonaws.com');
  assert.equal(urlOf('us-east-1', true), 'https://kms-fips.us-east-1.amazonaws.com');
  assert.equal(urlOf('cn-north-1', false), 'https://kms.cn-north-1.amazonaws.com.cn');
});

test('calls carry the tokens of new grants for five minutes, ten at most', async () => {
  const clock = new ManualClock();
  const parts = { client, region: 'eu-west-1', principal: 'p', clock, random: systemRandom };
  const remote = new RemoteKms(parts);
  let count = 0;
  answer = ({ target, body }) => {
    if (target === 'CreateGrant') {
      return [200, JSON.stringify({ GrantId: 'g', GrantToken: `token-${++count}` })];
    }
    const tokens = (body['GrantTokens'] ?? []) as string[];
    if (tokens.includes('token-13')) return [400, error('InvalidGrantTokenException')];
    return [200, JSON.stringify({ Plaintext: 'AA==' })];
  };
  const grant = () => remote.call('CreateGrant', { KeyId: keyArn });
  const tokensOfDecrypt = async () => {
    await remote.call('Decrypt', { KeyId: keyArn });
    return asked.at(-1)?.body['GrantTokens'] as readonly string[] | undefined;
  };
  assert.equal(await tokensOfDecrypt(), undefined);
  for (let i = 0; i < 12; i++) await grant();
  assert.deepEqual((await tokensOfDecrypt())?.length, 10);
  assert.equal((await tokensOfDecrypt())?.at(-1), 'token-12');
  await grant();
  // The grant of the newest token was revoked. The call is repeated without tokens.
  assert.equal(await tokensOfDecrypt(), undefined);
  await grant();
  assert.deepEqual(await tokensOfDecrypt(), ['token-14']);
  clock.advance(5 * 60_000);
  assert.equal(await tokensOfDecrypt(), undefined);
});

test('only ARNs of keys in the region belong to the remote KMS', () => {
  const clock = new ManualClock();
  const parts = { client, region: 'eu-west-1', principal: 'p', clock, random: systemRandom };
  const remote = new RemoteKms(parts);
  assert.ok(remote.hasKey(keyArn));
  const others = [
    'alias/x',
    keyArn.replace('eu-west-1', 'eu-west-2'),
    keyArn.replace('key/', 'alias/'),
  ];
  assert.deepEqual(
    [...others, `${keyArn}\n`, ''].filter((each) => remote.hasKey(each)),
    [],
  );
});

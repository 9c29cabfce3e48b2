import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { before, test } from 'node:test';
import {
  exportJWK,
  exportSPKI,
  type GenerateKeyPairResult,
  generateKeyPair,
  type JWK,
  SignJWT,
} from 'jose';
import { ManualClock } from '../../tests/support/manual-clock.ts';
import { WaxwingError } from '../base/errors.ts';
import { type ResourceServer, signatureAlgorithms, tokenLimits } from './settings.ts';
import { Tokens } from './tokens.ts';

const keysUrl = 'https://login.example.com/keys';

interface Pair {
  readonly kid: string | undefined;
  readonly alg: string;
  readonly pair: GenerateKeyPairResult;
}

const pairOf = async (kid: string | undefined, alg = 'ES256'): Promise<Pair> => ({
  kid,
  alg,
  pair: await generateKeyPair(alg, { extractable: true }),
});

let first: Pair;
let second: Pair;
before(async () => {
  [first, second] = await Promise.all([pairOf('first'), pairOf('second', 'RS256')]);
});

const server: ResourceServer = {
  id: 'orders',
  provider: '',
  scopePrefix: 'orders.',
  additionalScopes: [],
  usernameClaims: ['sub', 'client_id'],
  scopeAliases: {},
  verifiesAudience: true,
};

/** The verification of tokens, with a provider that a test controls. */
function issuer(servers: readonly ResourceServer[] = [server], keys: readonly Pair[] = [first]) {
  const clock = new ManualClock();
  clock.advance(1_800_000_000_000 - clock.nowMs());
  const provider = { keys: [...keys], isAway: false, requests: [] as string[] };
  const reports: string[] = [];
  const tokens = new Tokens({
    clock,
    report: (text) => reports.push(text),
    settings: {
      resourceServers: servers,
      providers: [
        {
          id: '',
          keysUrl,
          discoveryUrl: null,
          algorithms: signatureAlgorithms,
          defaultKey: null,
          authorities: null,
        },
      ],
    },
    fetcher: () => async (url) => {
      provider.requests.push(url.href);
      if (provider.isAway) throw new WaxwingError('request-failed', 'it is away');
      const published = provider.keys.map(async ({ kid, pair }): Promise<JWK> => {
        return { ...(await exportJWK(pair.publicKey)), ...(kid !== undefined && { kid }) };
      });
      return { keys: await Promise.all(published) };
    },
  });
  const sign = (claims: Record<string, unknown>, { kid, alg, pair }: Pair = first) => {
    const seconds = clock.nowMs() / 1000;
    const usual = { aud: 'orders', sub: 'anna', exp: seconds + 60, scope: 'orders.read:*/*' };
    const header = { alg, ...(kid !== undefined && { kid }) };
    const all = Object.entries({ ...usual, ...claims }).filter(([, value]) => value !== undefined);
    return new SignJWT(Object.fromEntries(all)).setProtectedHeader(header).sign(pair.privateKey);
  };
  const verify = async (claims: Record<string, unknown>, pair?: Pair) =>
    tokens.verify(await sign(claims, pair), '192.0.2.1');
  return { clock, provider, reports, tokens, sign, verify };
}

const refused = (message: RegExp) => ({ code: 'token-refused', message });

test('a signed token for the service is accepted until it expires', async () => {
  const { verify, clock } = issuer();
  const { username, rights, expiresAtMs } = await verify({});
  assert.equal(username, 'anna');
  assert.equal(expiresAtMs, clock.nowMs() + 60_000);
  assert.ok(rights.permits('/', 'read', 'q'));
  assert.ok(!rights.permits('/', 'write', 'q'));
});

test('what is not a valid token for the service is refused', async () => {
  const { verify, clock, sign, tokens, reports } = issuer();
  const seconds = clock.nowMs() / 1000;
  await assert.rejects(verify({ exp: seconds }), refused(/it has expired/));
  await assert.rejects(verify({ exp: undefined }), refused(/claim exp is missing/));
  await assert.rejects(verify({ exp: 'soon' }), refused(/claim exp is not valid/));
  await assert.rejects(verify({ nbf: seconds + 60 }), refused(/claim nbf is not valid/));
  await assert.rejects(verify({ aud: 'other' }), refused(/audience/));
  await assert.rejects(verify({ aud: undefined }), refused(/audience/));
  await assert.rejects(verify({}, second), refused(/no key of its provider fits/));
  const impostor = { ...(await pairOf('first')), kid: 'first' };
  await assert.rejects(verify({}, impostor), refused(/signature is not valid/));
  await assert.rejects(verify({ sub: 'a\nb' }), refused(/user name/));
  await assert.rejects(verify({ sub: 'x'.repeat(256) }), refused(/1 to 255 bytes/));
  const good = await sign({});
  const [header = '', payload = '', signature = ''] = good.split('.');
  const none = Buffer.from('{"alg":"none"}').toString('base64url');
  const wrong = [
    '',
    'guest',
    'a.b.c',
    `${header}.${payload}`,
    `${header}.${payload}.${signature.slice(0, -4)}AAAA`,
    `${none}.${payload}.x`,
    `${header}.${payload}.${'x'.repeat(tokenLimits.tokenLengthMax)}`,
  ];
  for (const token of wrong) {
    await assert.rejects(tokens.verify(token, 'a'), { code: 'token-refused' }, token.slice(0, 40));
  }
  // The public key must not serve as a shared secret.
  const symmetric = Buffer.from('{"alg":"HS256","kid":"first"}').toString('base64url');
  const signed = `${symmetric}.${payload}`;
  const secret = await exportSPKI(first.pair.publicKey);
  const mac = createHmac('sha256', secret).update(signed).digest('base64url');
  await assert.rejects(tokens.verify(`${signed}.${mac}`, 'a'), refused(/algorithm is not allowed/));
  assert.ok(reports.length > 10);
  for (const text of reports) {
    for (const part of [header, payload, 'anna']) assert.ok(!text.includes(part), text);
  }
});

test('the audience chooses the resource server', async () => {
  const prices = { ...server, id: 'prices', scopePrefix: 'prices.' };
  const both = { aud: ['orders', 'prices'] };
  const scope = 'orders.read:*/* prices.write:*/*';
  const { verify } = issuer([server, prices]);
  const { rights } = await verify({ aud: 'web prices', scope });
  assert.deepEqual(
    (['read', 'write'] as const).map((right) => rights.permits('/', right, 'q')),
    [false, true],
  );
  await assert.rejects(verify(both), refused(/several of the resource servers/));
  const lax = { ...prices, verifiesAudience: false };
  const others = issuer([server, lax]);
  assert.ok((await others.verify({ aud: 'x', scope })).rights.permits('/', 'write', 'q'));
  const two = issuer([{ ...server, verifiesAudience: false }, lax]);
  await assert.rejects(two.verify({ aud: 'x' }), refused(/audience/));
});

test('a token without a key id is verified with the only key, or with the default one', async () => {
  const nameless = await pairOf(undefined);
  const alone = issuer([server], [nameless]);
  assert.equal((await alone.verify({}, nameless)).username, 'anna');
  const third = await pairOf('third');
  const several = issuer([server], [first, third]);
  const withoutId = { ...first, kid: undefined };
  await assert.rejects(several.verify({}, withoutId), refused(/no key of its provider fits/));
});

test('a new key is fetched for the first token that it signed, but not for each', async () => {
  const { verify, provider, clock } = issuer();
  await verify({});
  provider.keys.push(second);
  await assert.rejects(verify({}, second), refused(/no key/));
  assert.equal(provider.requests.length, 1, 'the keys were fetched a short time ago');
  clock.advance(30_000);
  const found = await Promise.all([verify({}, second), verify({}, second), verify({})]);
  assert.equal(found.length, 3);
  assert.equal(provider.requests.length, 2);
});

test('while the provider is away, known keys are used for a day', async () => {
  const { verify, provider, clock } = issuer();
  provider.isAway = true;
  await assert.rejects(verify({}), { code: 'provider-unavailable', message: /it is away/ });
  await assert.rejects(verify({}), { code: 'provider-unavailable' });
  assert.equal(provider.requests.length, 1, 'it is not asked for every token');
  provider.isAway = false;
  clock.advance(5000);
  await verify({});
  provider.isAway = true;
  for (let hour = 1; hour < 24; hour++) {
    clock.advance(3_600_000);
    assert.equal((await verify({})).username, 'anna');
  }
  clock.advance(3_600_000);
  await assert.rejects(verify({}), { code: 'provider-unavailable' });
});

test('the number of tokens that are verified for one source is limited', async () => {
  const { tokens, sign, provider } = issuer();
  const token = await sign({});
  const begun = Array.from({ length: 16 }, () => tokens.verify(token, '192.0.2.1'));
  await assert.rejects(tokens.verify(token, '192.0.2.1'), { code: 'busy' });
  assert.equal((await tokens.verify(token, '192.0.2.2')).username, 'anna');
  for (const each of await Promise.all(begun)) assert.equal(each.username, 'anna');
  assert.equal((await tokens.verify(token, '192.0.2.1')).username, 'anna');
  assert.equal(provider.requests.length, 1);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  hasMasked,
  maskUri,
  maskUris,
  parseAmqpUri,
  parseShovelUri,
  unmaskUris,
} from './amqp-uri.ts';
import { localVhostsOf, readShovel } from './shovel-definition.ts';

const least = { 'src-uri': 'amqp://', 'src-queue': 'a', 'dest-uri': 'amqp://', 'dest-queue': 'b' };

test('a shovel has the defaults of RabbitMQ', () => {
  const { source, destination, ...rest } = readShovel('s', least);
  assert.deepEqual(rest, { ackMode: 'on-confirm', reconnectDelaySeconds: 5 });
  assert.equal(source.prefetchCount, 1000);
  assert.equal(source.deleteAfter, 'never');
  assert.equal(destination.addsForwardHeaders, false);
  const named = readShovel('s', { ...least, 'delete-after': 'queue-length', 'prefetch-count': 7 });
  assert.equal(named.source.deleteAfter, 'queue-length');
  assert.equal(named.source.prefetchCount, 7, 'the older names of keys mean the same');
});

test('what is no shovel is refused, with the key and what is allowed', () => {
  const { 'src-queue': _, ...noSource } = least;
  const { 'dest-uri': __, ...noUri } = least;
  const cases: readonly (readonly [object, RegExp])[] = [
    [noSource, /^Must specify 'src-exchange' or 'src-queue'$/],
    [{ ...least, 'src-exchange': 'x' }, /^Cannot specify 'src-exchange' and 'src-queue'$/],
    [{ ...least, 'dest-exchange': 'x' }, /^Cannot specify 'dest-exchange' and 'dest-queue'$/],
    [noUri, /^Key "dest-uri" not found in s$/],
    [{ ...least, other: 1 }, /^Unrecognised terms 'other' in s$/],
    [{ ...least, 'src-uri': [] }, /has 0 URIs; 1 to 32 are allowed$/],
    [{ ...least, 'src-uri': 7 }, /^src-uri of s should be binary$/],
    [{ ...least, 'ack-mode': 'x' }, /one of on-confirm, on-publish, no-ack, actually was 'x'$/],
    [{ ...least, 'src-prefetch-count': 65_536 }, /whole numbers from 0 to 65535 are allowed$/],
    [{ ...least, 'src-delete-after': -1 }, /greater than or equal to 0, "never" or/],
    [{ ...least, 'reconnect-delay': 0.5 }, /whole numbers from 0 to 86400/],
    [{ ...least, 'dest-add-forward-headers': 'yes' }, /should be boolean$/],
    [{ ...least, 'publish-properties': { priority: 256 } }, /a whole number up to 255$/],
    [{ ...least, 'publish-properties': { headers: {} } }, /Unrecognised terms 'headers'/],
    [{ ...least, 'src-protocol': 'amqp10' }, /only 'amqp091' is supported$/],
  ];
  for (const [value, message] of cases) {
    assert.throws(() => readShovel('s', value as never), { code: 'precondition-failed', message });
  }
});

test('URIs are read as RabbitMQ reads them', () => {
  const uri = parseAmqpUri('amqps://bob:p%40%2f@[::1]:5678/a%2Fb?heartbeat=7&connection_timeout=9');
  const { endpoint, username, password, vhost, heartbeatSeconds, timeoutMs, shown } = uri;
  assert.deepEqual(endpoint, { host: '::1', port: 5678, isTls: true, serverName: undefined });
  assert.deepEqual([username, password, vhost], ['bob', 'p@/', 'a/b']);
  assert.deepEqual([heartbeatSeconds, timeoutMs], [7, 9]);
  assert.equal(shown, 'amqps://[::1]:5678/a%2Fb');
  const local = parseAmqpUri('amqp:///v');
  assert.deepEqual([local.endpoint, local.vhost], [undefined, 'v']);
  const usual = parseAmqpUri('amqps://host');
  assert.deepEqual([usual.endpoint?.port, usual.username, usual.vhost], [5671, 'guest', '/']);
});

test('plaintext to another machine, files and unverified certificates are refused without showing a password', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['amqp://u:geheim@host', /only amqps:\/\/ is allowed to other machines$/],
    ['amqp://u:geheim@127.0.0.1', /add \?plaintext=true to use it on this machine$/],
    ['amqp://u:geheim@127.0.0.1.example.org?plaintext=true', /only amqps/],
    ['amqps://u:geheim@host?verify=verify_none', /certificates are verified$/],
    ['amqps://u:geheim@host?cacertfile=/etc/passwd', /files cannot be named/],
    ['amqps://u:geheim@host:0', /port 0 of amqps:\/\/host:0 is not 1 to 65535$/],
    ['amqps://u:geh/eim@host', /is no AMQP URI/],
    ['http://u:geheim@host', /is no AMQP URI/],
    ['amqp://u:geheim@', /without a user$/],
    ['amqps://u:geheim%@host', /followed by two hexadecimal digits$/],
    [`amqps://u:geheim@${'h'.repeat(3000)}`, /2048 are allowed$/],
  ];
  for (const [text, message] of cases) {
    assert.throws(() => parseAmqpUri(text), { code: 'precondition-failed', message });
    try {
      parseAmqpUri(text);
    } catch (error) {
      assert.doesNotMatch(String(error), /geheim/);
    }
  }
  const plain = 'amqp://u:geheim@localhost?plaintext=true';
  assert.equal(parseAmqpUri(plain).endpoint?.isTls, false);
  const only = { code: 'precondition-failed', message: /shovels use amqps:\/\/ only$/ };
  assert.throws(() => parseShovelUri(plain), only);
  assert.throws(() => readShovel('n', { ...least, 'src-uri': ['amqps://h', plain] }), only);
  assert.equal(parseShovelUri('amqp:///v').endpoint, undefined);
});

test('passwords are masked in every value, and a masked value keeps the stored password', () => {
  assert.equal(maskUri('amqps://u:a:b@c@host/v'), 'amqps://u:***@host/v');
  assert.equal(maskUri('amqps://u@host/v'), 'amqps://u@host/v');
  assert.equal(maskUri('amqps://a/b:pw@host'), 'amqps://a/b:***@host');
  const stored = { 'src-uri': ['amqps://u:one@a', 'amqps://u:two@b'], 'dest-uri': 'amqp://' };
  const masked = maskUris(stored);
  assert.doesNotMatch(JSON.stringify(masked), /one|two/);
  assert.deepEqual(unmaskUris(masked, stored), stored);
  const moved = { ...stored, 'src-uri': 'amqps://u:***@elsewhere' };
  assert.ok(hasMasked(unmaskUris(moved, stored)), 'a password is not sent to another host');
});

test('the virtual hosts in which a shovel may do everything are known', () => {
  const shovel = { ...least, 'src-uri': ['amqp:///a', 'amqps://h/b'], 'dest-uri': 'amqp://' };
  assert.deepEqual(localVhostsOf(readShovel('s', shovel)), ['a', '/']);
});

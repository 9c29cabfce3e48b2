import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { WaxwingError } from '../../base/errors.ts';
import { alarmTexts } from './alarm-texts.ts';
import { readLogLine } from './log-line.ts';
import { definitionsOf, rabbitMqHash, serviceUser } from './nodes/definitions.ts';
import { linesKnownBy, ownLines } from './own-lines.ts';

// The texts that nodes read and write.

test('a line of a node gives its level, category, process and text', () => {
  const time = '2026-11-29 08:46:49.445681+00:00';
  const text = 'something happened';
  const general = { category: 'general', process: '<0.158.0>', text };
  const line = (level: string) => readLogLine(`${time} [${level}] <0.158.0> ${text}`);
  assert.deepEqual(line('warning'), { level: 'warn', ...general });
  assert.deepEqual(line('critical'), { level: 'error', ...general });
  assert.deepEqual(line('notice'), { level: 'info', ...general });
  const lineIn = (domain: string) => readLogLine(`${time} [info] ${domain} <0.158.0> ${text}`);
  for (const category of ['connection', 'channel', 'queue', 'mirroring']) {
    assert.deepEqual(lineIn(`[rabbitmq,${category}]`), { level: 'info', ...general, category });
  }
  for (const domain of ['[rabbitmq]', '[rabbitmq,federation]', '[ra]', '<unknown domain>']) {
    assert.deepEqual(lineIn(domain), { level: 'info', ...general });
  }
  const other = { level: 'info', category: 'general', process: '<0.0.0>' };
  for (const unread of ['no form [error]', '', '2026-11-29 [rabbitmq,queue] <0.1.0> x']) {
    assert.deepEqual(readLogLine(unread), { ...other, text: unread });
  }
});

test('the name of a refused log-in, which may be a password, is left out', () => {
  const time = '2026-11-29 08:46:49.445681+00:00';
  const shown = (text: string) => readLogLine(`${time} [error] <0.158.0> ${text}`).text;
  for (const name of ['secret', "it's secret' - x", '']) {
    assert.equal(
      shown(`PLAIN login refused: user '${name}' - invalid credentials`),
      "PLAIN login refused: user '(not shown)' - invalid credentials",
    );
  }
  assert.equal(
    shown("HTTP access denied: user 'secret' - invalid credentials"),
    "HTTP access denied: user '(not shown)' - invalid credentials",
  );
  assert.equal(
    shown("AMQPLAIN login refused: user 'secret"),
    "AMQPLAIN login refused: user '(not shown)",
  );
  assert.equal(shown("Created user 'admin'"), "Created user 'admin'");
});

test('a password hash is the one that RabbitMQ computes, with another salt each time', () => {
  const hash = rabbitMqHash('correct-horse-battery');
  const bytes = Buffer.from(hash.replace('$rabbitmq-sha512$', ''), 'base64');
  const salt = bytes.subarray(0, 4);
  const digest = createHash('sha512').update(salt).update('correct-horse-battery').digest();
  assert.deepEqual(bytes.subarray(4), digest);
  assert.notEqual(rabbitMqHash('correct-horse-battery'), hash);
});

const users = [{ username: 'admin', passwordHash: rabbitMqHash('correct-horse-battery') }];

interface Definitions {
  readonly users: readonly { readonly name: string; readonly tags: string }[];
  readonly parameters?: readonly { readonly component: string }[];
}

const read = (text: string) => JSON.parse(text) as Definitions;

test('only a new cluster gets the users of the request', () => {
  const first = { users, hasMirrors: true };
  const asNew = read(definitionsOf(rabbitMqHash('x'), first));
  assert.deepEqual(
    asNew.users.map(({ name, tags }) => [name, tags]),
    [
      [serviceUser, 'monitoring'],
      ['admin', 'administrator'],
    ],
  );
  assert.deepEqual(
    asNew.parameters?.map(({ component }) => component),
    ['operator_policy'],
  );
  const later = read(definitionsOf(rabbitMqHash('x'), undefined));
  assert.deepEqual(
    later.users.map(({ name }) => name),
    [serviceUser],
  );
  assert.equal(later.parameters, undefined);
});

test('RabbitMQ 4 has no mirrors of classic queues', () => {
  const text = definitionsOf(rabbitMqHash('x'), { users, hasMirrors: false });
  assert.deepEqual(read(text).parameters, []);
});

const configured = (text: string, engineVersion: string) =>
  ownLines({ engineVersion, configuration: { id: 'c-1', revision: 2, text } });

test('the keys of a configuration that nodes know become lines', () => {
  assert.deepEqual(ownLines({ engineVersion: '3.13', configuration: null }), []);
  assert.deepEqual(configured('# mine\nheartbeat = 60\n', '3.10'), ['heartbeat = 60']);
  assert.deepEqual(configured('vhost_max = 7', '4.2'), ['vhost_max = 7']);
  assert.deepEqual(configured('consumer_timeout = 0', '3.10'), ['consumer_timeout = 2147483647']);
});

test('keys that nodes do not support are refused, and name what is supported', () => {
  const text = 'management.restrictions.operator_policy_changes.disabled = true';
  assert.throws(
    () => configured(text, '3.10'),
    (error) => {
      assert.ok(error instanceof WaxwingError);
      assert.equal(error.code, 'configuration-unsupported');
      assert.match(error.message, /c-1, revision 2: .*operator_policy_changes.*consumer_timeout/);
      return true;
    },
  );
});

test('an alarm names its node, its host and what is free', () => {
  const view = (name: string, disk: boolean, memory = false) => ({
    name,
    isRunning: true,
    partitions: [],
    alarms: { memory, disk },
    values: { disk_free: 7_000_000, disk_free_limit: 52_428_800 },
  });
  const host = { name: 'host-b' };
  const node = { number: 2, isSettled: true, place: { name: 'rabbit2@b' }, host };
  const views = [view('rabbit1@a', false), view('rabbit2@b', true), view('rabbit3@c', false, true)];
  assert.deepEqual(alarmTexts('disk', views, [node as never]), [
    "node 2 (host 'host-b') is low on disk space: 6 MiB are free, 50 MiB are needed; publishers of the whole cluster wait",
  ]);
  assert.deepEqual(alarmTexts('memory', views, [node as never]), [
    'rabbit3@c is low on memory; publishers of the whole cluster wait',
  ]);
});

test('nodes of an older version get no lines that only newer ones know', () => {
  const lines = ['consumer_timeout = 5000', 'vhost_max = 3', 'heartbeat_more = 1'];
  assert.deepEqual(linesKnownBy(lines, '4.2'), lines);
  assert.deepEqual(linesKnownBy(lines, '3.13'), ['consumer_timeout = 5000']);
});

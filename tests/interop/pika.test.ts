import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { before, test } from 'node:test';
import { installed } from '../support/debian-packages.ts';
import { sharedWaxwing } from '../support/shared-waxwing.ts';
import type { Waxwing } from '../support/waxwing.ts';

// pika, the Python client, with `waxwing serve`.
const skip = (await installed('python3-pika')) ?? false;

let waxwing: Waxwing;

before(async () => {
  if (skip === false) waxwing = await sharedWaxwing();
});

const opening = `
import json, os, ssl, pika
parameters = pika.URLParameters(os.environ['URL'])
context = ssl.create_default_context(cafile=os.environ['CA_FILE'])
parameters.ssl_options = pika.SSLOptions(context, 'localhost')
connection = pika.BlockingConnection(parameters)
channel = connection.channel()
said = []
`;
const closing = `
connection.close()
print(json.dumps(said))
`;

/** Runs a session between opening and closing a connection; returns what it appended to `said`. */
function session(lines: string): unknown {
  const env = {
    PATH: process.env['PATH'],
    URL: waxwing.amqpUrl,
    CA_FILE: waxwing.environment['WAXWING_CA_FILE'],
  };
  const script = opening + lines + closing;
  const ended = spawnSync('/usr/bin/python3', ['-c', script], { encoding: 'utf8', env });
  assert.equal(ended.status, 0, ended.stderr);
  return JSON.parse(ended.stdout);
}

test('confirmed messages are consumed in order with their properties', { skip }, () => {
  const said = session(`
channel.confirm_delivery()
channel.queue_declare('pika.orders', durable=True, arguments={'x-max-priority': 3})
for i in range(100):
    properties = pika.BasicProperties(delivery_mode=2, message_id=str(i), headers={'i': i, 'l': [1, None, 'x']})
    channel.basic_publish('', 'pika.orders', ('m%d' % i).encode(), properties, mandatory=True)
for method, properties, body in channel.consume('pika.orders', inactivity_timeout=5):
    said.append([body.decode(), properties.message_id, properties.headers['i']])
    channel.basic_ack(method.delivery_tag)
    if len(said) == 100: break
channel.cancel()
`);
  assert.deepEqual(
    said,
    Array.from({ length: 100 }, (_, i) => [`m${i}`, `${i}`, i]),
  );
});

test('an unroutable mandatory message raises UnroutableError', { skip }, () => {
  const said = session(`
channel.confirm_delivery()
try:
    channel.basic_publish('', 'nowhere', b'lost', mandatory=True)
except pika.exceptions.UnroutableError as error:
    said.append([error.messages[0].method.reply_text, error.messages[0].body.decode()])
`);
  assert.deepEqual(said, [['NO_ROUTE', 'lost']]);
});

test('a message refused by a full queue raises NackError', { skip }, () => {
  const said = session(`
channel.confirm_delivery()
channel.queue_declare('pika.full', exclusive=True, arguments={'x-max-length': 0, 'x-overflow': 'reject-publish'})
try:
    channel.basic_publish('', 'pika.full', b'x')
except pika.exceptions.NackError:
    said.append('refused')
`);
  assert.deepEqual(said, ['refused']);
});

test('an invalid operation closes the channel with code and text, but not the connection', {
  skip,
}, () => {
  const said = session(`
try:
    channel.queue_declare('nowhere', passive=True)
except pika.exceptions.ChannelClosedByBroker as error:
    said.append([error.reply_code, error.reply_text])
said.append(connection.channel().queue_declare('', exclusive=True).method.message_count)
`);
  assert.deepEqual(said, [[404, "NOT_FOUND - no queue 'nowhere' in vhost '/'"], 0]);
});

test('a stream is read by offset, by age and by filter, and keeps its messages', { skip }, () => {
  const said = session(`
channel.queue_declare('events', durable=True, arguments={'x-queue-type': 'stream', 'x-max-age': '1D'})
channel.confirm_delivery()
for i in range(200):
    headers = {'x-stream-filter-value': 'odd' if i % 2 else 'even'}
    channel.basic_publish('', 'events', b'e%d' % i, pika.BasicProperties(headers=headers))
channel.basic_qos(prefetch_count=20)
def read(count, arguments):
    found = []
    for method, properties, body in channel.consume('events', arguments=arguments, inactivity_timeout=5):
        if method is None: break
        found.append([properties.headers['x-stream-offset'], body.decode()])
        channel.basic_ack(method.delivery_tag)
        if len(found) == count: break
    channel.cancel()
    return found
said.append(read(200, {'x-stream-offset': 'first'}))
said.append(read(3, {'x-stream-offset': 197}))
said.append(read(1, {'x-stream-offset': 'last'}))
said.append(read(2, {'x-stream-offset': '1h'}))
said.append(read(2, {'x-stream-offset': 'first', 'x-stream-filter': 'odd'}))
said.append(channel.queue_declare('events', passive=True).method.message_count)
`);
  const messages = (...offsets: number[]) => offsets.map((offset) => [offset, `e${offset}`]);
  assert.deepEqual(said, [
    messages(...Array.from({ length: 200 }, (_, i) => i)),
    messages(197, 198, 199),
    messages(199),
    messages(0, 1),
    messages(1, 3),
    200,
  ]);
});

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { before, test } from 'node:test';
import { installed } from '../support/debian-packages.ts';
import { sharedWaxwing } from '../support/shared-waxwing.ts';
import type { Waxwing } from '../support/waxwing.ts';

// kombu, the client library of Celery, with `waxwing serve`.
const skip = (await installed('python3-kombu')) ?? false;

let waxwing: Waxwing;

before(async () => {
  if (skip === false) waxwing = await sharedWaxwing();
});

const script = `
import json, os, ssl
from kombu import Connection, Consumer, Queue
url = os.environ['URL'].replace('amqps://', 'amqp://')
options = dict(ca_certs=os.environ['CA_FILE'], cert_reqs=ssl.CERT_REQUIRED, server_hostname='localhost')
said = {}
with Connection(url, ssl=options) as connection:
    connection.connect()
    said['matches the specification'] = connection.qos_semantics_matches_spec
    queues = [Queue('kombu.%d' % i) for i in range(3)]
    producer = connection.Producer()
    for i in range(30):
        for queue in queues:
            producer.publish(i, routing_key=queue.name, declare=[queue])
    served = {queue.name: 0 for queue in queues}
    held = []
    def receive(body, message):
        served[message.delivery_info['routing_key']] += 1
        held.append(message)
    channel = connection.channel()
    channel.basic_qos(0, 4, True)
    with Consumer(channel, queues=queues, callbacks=[receive]):
        while sum(served.values()) < 90:
            for message in held: message.ack()
            held = []
            connection.drain_events(timeout=10)
    said['served'] = sorted(served.values())
print(json.dumps(said))
`;

test('a channel-wide prefetch serves every queue completely, and kombu detects RabbitMQ', {
  skip,
}, () => {
  const env = {
    PATH: process.env['PATH'],
    URL: waxwing.amqpUrl,
    CA_FILE: waxwing.environment['WAXWING_CA_FILE'],
  };
  const ended = spawnSync('/usr/bin/python3', ['-c', script], { encoding: 'utf8', env });
  assert.equal(ended.status, 0, ended.stderr);
  assert.deepEqual(JSON.parse(ended.stdout), {
    'matches the specification': false,
    served: [30, 30, 30],
  });
});

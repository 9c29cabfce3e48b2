import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { ActiveMqHost } from '../support/activemq-host.ts';
import { installed } from '../support/debian-packages.ts';

// stomp.py, the Python client, over TLS 1.2: it reads in one thread and writes in another, and over
// TLS 1.3, Python's ssl module then can lose what is written.
const skip = (await installed('python3-stomp')) ?? false;

const opening = `
import json, os, ssl, stomp, threading
from stomp.utils import get_uuid
stomp.transport.DEFAULT_SSL_VERSION = ssl.PROTOCOL_TLSv1_2
class Listener(stomp.ConnectionListener):
    def __init__(self):
        self.frames = []
        self.changed = threading.Condition()
    def add(self, kind, frame):
        with self.changed:
            self.frames.append([kind, dict(frame.headers), frame.body])
            self.changed.notify_all()
    def on_message(self, frame): self.add('message', frame)
    def on_error(self, frame): self.add('error', frame)
    def on_receipt(self, frame): self.add('receipt', frame)
    def wait(self, count, kind='message'):
        with self.changed:
            found = lambda: [f for f in self.frames if f[0] == kind]
            assert self.changed.wait_for(lambda: len(found()) >= count, 20), self.frames
            return found()
def connect(version=12, **more):
    make = {10: stomp.Connection10, 11: stomp.Connection11, 12: stomp.Connection12}[version]
    address = ('localhost', int(os.environ['PORT']))
    connection = make([address], **({} if version == 10 else {'heartbeats': (2000, 2000)}))
    connection.set_ssl(for_hosts=[address], ca_certs=os.environ['CA_FILE'])
    listener = Listener()
    connection.set_listener('', listener)
    connection.connect('bob', 'a long password', wait=True, **more)
    return connection, listener
said = []
`;

const timeoutMs = 60_000;

/** Runs a session with a broker of its own and returns what it appended to `said`. */
async function session(lines: string): Promise<unknown> {
  const host = await ActiveMqHost.start();
  try {
    return JSON.parse(await run(host, lines));
  } finally {
    await host.close();
  }
}

async function run(host: ActiveMqHost, lines: string): Promise<string> {
  const env = { PORT: String(host.portOf('stomp+ssl')), CA_FILE: host.caFile };
  const script = `${opening}${lines}\nprint(json.dumps(said))`;
  const { stdout } = await promisify(execFile)('/usr/bin/python3', ['-c', script], {
    env: { PATH: process.env['PATH'], ...env },
    timeout: timeoutMs,
  });
  return stdout;
}

test('messages arrive in order with their headers in every version', { skip }, async () => {
  const said = await session(`
for version in (10, 11, 12):
    connection, listener = connect(version)
    queue = '/queue/py%d' % version
    for i in range(20):
        connection.send(queue, 'm%d' % i, headers={'i': str(i), 'persistent': 'true', 'receipt': str(i)}, content_type='text/plain')
    listener.wait(20, 'receipt')
    connection.subscribe(queue, id='1', ack='client-individual' if version > 10 else 'client')
    for kind, headers, body in listener.wait(20):
        said.append([version, body, headers['i'], headers['content-type']])
        if version == 12: connection.ack(headers['ack'])
        elif version == 11: connection.ack(headers['message-id'], '1')
        else: connection.ack(headers['message-id'])
    connection.disconnect(receipt='bye')
`);
  assert.deepEqual(
    said,
    [10, 11, 12].flatMap((version) =>
      Array.from({ length: 20 }, (_, i) => [version, `m${i}`, `${i}`, 'text/plain']),
    ),
  );
});

test('transactions, NACK, durable subscriptions and refused logins work', { skip }, async () => {
  const said = await session(`
connection, listener = connect(12, headers={'client-id': 'py'})
transaction = connection.begin()
connection.send('/queue/tx', 'one', transaction=transaction, headers={'persistent': 'true'})
connection.abort(transaction)
transaction = connection.begin()
connection.send('/queue/tx', 'two', transaction=transaction, headers={'persistent': 'true'})
connection.commit(transaction)
connection.subscribe('/queue/tx', id='1', ack='client-individual')
kind, headers, body = listener.wait(1)[0]
said.append(body)
connection.nack(headers['ack'])
connection.subscribe('/queue/ActiveMQ.DLQ', id='2')
kind, headers, body = listener.wait(2)[1]
said.append([body, headers['original-destination']])
durable = {'activemq.subscriptionName': 'n'}
connection.subscribe('/topic/prices', id='3', headers=durable)
connection.unsubscribe('3')
connection.send('/topic/prices', 'missed', headers={'persistent': 'true'})
connection.subscribe('/topic/prices', id='3', headers=durable)
said.append(listener.wait(3)[2][2])
connection.disconnect(receipt='bye')
try:
    other = stomp.Connection12([('localhost', int(os.environ['PORT']))])
    other.set_ssl(for_hosts=[('localhost', int(os.environ['PORT']))], ca_certs=os.environ['CA_FILE'])
    refused = Listener()
    other.set_listener('', refused)
    other.connect('bob', 'wrong', wait=True)
except stomp.exception.ConnectFailedException:
    said.append(refused.wait(1, 'error')[0][1]['message'])
`);
  assert.deepEqual(said, [
    'two',
    ['two', '/queue/tx'],
    'missed',
    'User name [bob] or password is invalid.',
  ]);
});

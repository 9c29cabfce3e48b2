import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { ActiveMqHost } from '../support/activemq-host.ts';
import { installed } from '../support/debian-packages.ts';

// Qpid Proton, the reference implementation of AMQP 1.0, by its Python client over TLS.
const skip = (await installed('python3-qpid-proton')) ?? false;

let host: ActiveMqHost;

before(async () => {
  host = await ActiveMqHost.start();
});

after(async () => {
  await host.close();
});

const opening = `
import json, os
from proton import ConnectionException, Message, SSLDomain, symbol, ulong
from proton.utils import BlockingConnection, LinkDetached
from proton.reactor import Container, Copy, DurableSubscription, Selector
from proton.handlers import MessagingHandler, TransactionHandler
said = []
def domain():
    ssl = SSLDomain(SSLDomain.MODE_CLIENT)
    ssl.set_trusted_ca_db(os.environ['CA_FILE'])
    ssl.set_peer_authentication(SSLDomain.VERIFY_PEER)
    return ssl
url = 'amqps://localhost:' + os.environ['PORT']
def connect(password='a long password', container_id=None):
    container = Container()
    if container_id is not None: container.container_id = container_id
    return BlockingConnection(url, timeout=20, container=container, ssl_domain=domain(), user='bob', password=password, allowed_mechs='PLAIN', reconnect=False)
`;

/** Runs a session and returns what it appended to `said`. */
async function session(lines: string): Promise<unknown> {
  const env = { PORT: String(host.portOf('amqp+ssl')), CA_FILE: host.caFile };
  const script = `${opening}${lines}\nprint(json.dumps(said))`;
  const { stdout } = await promisify(execFile)('/usr/bin/python3', ['-c', script], {
    env: { PATH: process.env['PATH'], ...env },
    timeout: 60_000,
  });
  return JSON.parse(stdout);
}

test('messages arrive in order with their types, and large messages arrive complete', {
  skip,
}, async () => {
  const said = await session(`
connection = connect()
sender = connection.create_sender('queue://proton')
for i in range(50):
    sender.send(Message(id=ulong(i), body='m%d' % i, durable=True, subject='s', properties={'i': i, 'f': 1.5}, annotations={symbol('x-opt-a'): 'kept'}))
sender.send(Message(body=b'x' * 2000000, durable=True))
receiver = connection.create_receiver('queue://proton', credit=100)
for i in range(50):
    message = receiver.receive()
    receiver.accept()
    said.append([message.body, message.id == i, message.subject, message.properties['i'], message.annotations['x-opt-a'], message.delivery_count, message.durable])
large = receiver.receive()
receiver.accept()
said.append(len(large.body))
connection.close()
`);
  assert.deepEqual(said, [
    ...Array.from({ length: 50 }, (_, i) => [`m${i}`, true, 's', i, 'kept', 0, true]),
    2_000_000,
  ]);
});

test('outcomes, selectors, browsers, dynamic nodes and durable subscriptions work', {
  skip,
}, async () => {
  const said = await session(`
connection = connect(container_id='proton')
sender = connection.create_sender('queue://outcomes')
sender.send(Message(body='a', durable=True))
receiver = connection.create_receiver('queue://outcomes', credit=1)
receiver.receive(); receiver.release(delivered=False)
receiver.receive(); receiver.release(delivered=True)
message = receiver.receive()
said.append([message.delivery_count, message.first_acquirer])
receiver.reject()
receiver.close()
dead = connection.create_receiver('queue://ActiveMQ.DLQ', credit=1)
message = dead.receive(); dead.accept(); dead.close()
said.append([message.body, message.properties['originalDestination']])
for i in range(6): sender.send(Message(body=i, properties={'i': i}))
browser = connection.create_receiver('queue://outcomes', credit=10, options=Copy())
said.append([browser.receive().body for i in range(6)]); browser.close()
chosen = connection.create_receiver('queue://outcomes', credit=10, options=Selector('i > 3'))
said.append([chosen.receive().body for i in range(2)])
for i in range(2): chosen.accept()
chosen.close()
answers = connection.create_receiver(None, dynamic=True, credit=1)
relay = connection.create_sender(None)
relay.send(Message(address=answers.link.remote_source.address, body='pong'))
said.append(answers.receive().body); answers.accept(); answers.close()
durable = connection.create_receiver('topic://news', name='sub', credit=1, options=DurableSubscription())
durable.link.detach()
connection.create_sender('topic://news').send(Message(body='missed', durable=True))
connection.close()
connection = connect(container_id='proton')
durable = connection.create_receiver('topic://news', name='sub', credit=1, options=DurableSubscription())
said.append(durable.receive().body); durable.accept(); durable.close()
try: connection.create_receiver('queue://outcomes', options=Selector('i = = 3'))
except LinkDetached as error: said.append(error.condition)
connection.close()
try: connect('wrong')
except ConnectionException: said.append('refused')
`);
  assert.deepEqual(said, [
    // Proton's MODIFIED has no flag, so it does not count as failed.
    [0, false],
    ['a', 'queue://outcomes'],
    [0, 1, 2, 3, 4, 5],
    [4, 5],
    'pong',
    'missed',
    'amqp:invalid-field',
    'refused',
  ]);
});

test('transactions commit and roll back', { skip }, async () => {
  const said = await session(`
class Work(MessagingHandler, TransactionHandler):
    def __init__(self):
        super().__init__(auto_settle=False)
        self.rounds = 0
    def on_start(self, event):
        self.container = event.container
        self.connection = event.container.connect(url, ssl_domain=domain(), user='bob', password='a long password', allowed_mechs='PLAIN', reconnect=False)
        self.sender = event.container.create_sender(self.connection, 'queue://tx')
        self.transaction = None
        event.container.declare_transaction(self.connection, handler=self)
    def on_transaction_declared(self, event):
        self.transaction = event.transaction
        for i in range(10): self.transaction.send(self.sender, Message(body='r%d-%d' % (self.rounds, i), durable=True))
        self.rounds += 1
        if self.rounds == 1: self.transaction.abort()
        else: self.transaction.commit()
    def on_transaction_aborted(self, event):
        said.append('aborted')
        self.container.declare_transaction(self.connection, handler=self)
    def on_transaction_committed(self, event):
        said.append('committed')
        self.connection.close()
    def on_transaction_declare_failed(self, event): said.append('declare failed'); self.connection.close()
    def on_transaction_commit_failed(self, event): said.append('commit failed'); self.connection.close()
    def on_transport_error(self, event): said.append(str(event.transport.condition))
Container(Work()).run()
connection = connect()
receiver = connection.create_receiver('queue://tx', credit=20)
said.append([receiver.receive().body for i in range(10)])
connection.close()
`);
  assert.deepEqual(said, ['aborted', 'committed', Array.from({ length: 10 }, (_, i) => `r1-${i}`)]);
});

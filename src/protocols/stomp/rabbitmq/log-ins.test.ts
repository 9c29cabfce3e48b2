import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RabbitMqStomp, shown } from '../../../../tests/support/stomp-rabbitmq.ts';
import { userWithRights } from '../../../broker/logins/logins.ts';
import { type Question, RemoteRights } from '../../../broker/logins/remote-rights.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A broker whose users and their rights another service decides about, with its open questions. */
async function remote() {
  const asked: { question: Question; answer: (isPermitted: boolean) => void }[] = [];
  const b = await RabbitMqStomp.open(
    {},
    {
      loginServices: [
        {
          check: async ({ username }) => {
            const rights = new RemoteRights(
              [],
              (question) => new Promise((answer) => asked.push({ question, answer })),
              () => 0,
            );
            return { user: userWithRights(username, rights) };
          },
        },
      ],
    },
  );
  /** Answers the only open question. Returns what it was about. */
  const decide = async (isPermitted: boolean) => {
    assert.equal(asked.length, 1);
    const [first] = asked.splice(0);
    first?.answer(isPermitted);
    await turn();
    const question: Partial<Record<string, string>> = first?.question ?? {};
    return [question['right'], question['about'], question['name']].join(' ').trim();
  };
  return { b, decide };
}

test('frames wait for a service that decides about permissions, with their bodies', async () => {
  const { b, decide } = await remote();
  const peer = b.peer();
  peer.send('CONNECT', { 'accept-version': '1.2', login: 'amy', passcode: 'x' });
  await turn();
  assert.deepEqual(peer.take(), []);
  await decide(true);
  assert.equal(peer.take()[0]?.command, 'CONNECTED');
  peer.receive('SEND\ndestination:/queue/q\nreceipt:1\n\nfirst ');
  peer.receive('body\0SEND\ndestination:/queue/q\nreceipt:2\n\nsecond\0');
  assert.equal(await decide(true), 'configure queue q');
  assert.equal(await decide(true), 'write exchange amq.default');
  b.sync();
  assert.deepEqual(peer.take().map(shown), ['RECEIPT 1', 'RECEIPT 2']);
  assert.deepEqual(
    b.drain('q').map(({ body }) => body),
    ['first body', 'second'],
  );
  peer.send('SUBSCRIBE', { destination: '/queue/q', id: '1' });
  assert.equal(await decide(false), 'read queue q');
  assert.match(peer.take().map(shown).join(), /^ERROR access_refused: .* refused for user 'amy'/);
  assert.ok(peer.isClosed);
});

test('a client that is disconnected while its frame waits leaves nothing behind', async () => {
  const { b, decide } = await remote();
  for (const end of ['shutdown', 'ended'] as const) {
    const peer = b.peer();
    peer.send('CONNECT', { 'accept-version': '1.2', login: 'amy', passcode: 'x' });
    await turn();
    await decide(true);
    peer.receive('SEND\ndestination:/queue/q\n\nx\0SEND\ndestination:/queue/q\n\ny\0');
    if (end === 'shutdown') {
      peer.connection.shutdown('the broker stops');
      for (let turns = 0; turns < 10 && !b.broker.background.isIdle; turns++) await turn();
      assert.ok(b.broker.background.isIdle, 'nothing waits for the decision');
    } else peer.connection.ended();
    await decide(false);
    await turn();
    assert.equal(b.broker.clientConnections.size, 0);
    assert.equal(b.queue('q'), undefined);
  }
});

test('a virtual host that the service refuses is denied', async () => {
  const { b, decide } = await remote();
  const peer = b.peer();
  peer.send('CONNECT', { 'accept-version': '1.2', login: 'amy', passcode: 'x' });
  await turn();
  await decide(false);
  assert.deepEqual(peer.take().map(shown), ["ERROR Bad CONNECT: Virtual host '/' access denied"]);
  assert.ok(peer.isClosed);
  assert.equal(b.broker.clientConnections.size, 0);
});

test('a client without a log-in header can log in with its certificate', async () => {
  const b = await RabbitMqStomp.open(
    { takesCertificates: true },
    { certificateName: async () => 'bob' },
  );
  const peer = b.peer();
  // The name comes from the function above, so that any object will do.
  Object.assign(peer, { peerCertificate: {} });
  peer.send('CONNECT', { 'accept-version': '1.2' });
  await turn();
  await turn();
  assert.equal(peer.take()[0]?.command, 'CONNECTED');
  const [connection] = b.broker.clientConnections;
  assert.equal(connection?.access.user, 'bob');
  assert.equal(connection?.inspector?.info().authMechanism, 'ssl');
  const without = b.peer();
  assert.deepEqual(without.call('CONNECT', { 'accept-version': '1.2' }).map(shown), [
    'ERROR Bad CONNECT: Missing login or passcode header(s)',
  ]);
});

test('a credential that expires ends the connection', async () => {
  const b = await RabbitMqStomp.open();
  const peer = await b.client();
  const [connection] = b.broker.clientConnections;
  connection?.shutdown('credential expired');
  assert.deepEqual(peer.take().map(shown), ['ERROR Connection closed: credential expired']);
  assert.ok(peer.isClosed);
});

test('a subscription to a topic asks once about each permission', async () => {
  const { b, decide } = await remote();
  const peer = b.peer();
  peer.send('CONNECT', { 'accept-version': '1.2', login: 'amy', passcode: 'x' });
  await turn();
  await decide(true);
  peer.take();
  peer.send('SUBSCRIBE', { destination: '/topic/a', id: '1', receipt: 'r' });
  const asked: string[] = [];
  while (b.names().length === 0) asked.push(await decide(true));
  const [name = ''] = b.names();
  assert.deepEqual(asked, [
    `configure queue ${name}`,
    `read queue ${name}`,
    `write queue ${name}`,
    'read exchange amq.topic',
    'read topic amq.topic',
  ]);
  b.sync();
  assert.deepEqual(peer.take().map(shown), ['RECEIPT r']);
});

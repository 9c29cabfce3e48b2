import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createServer } from 'node:net';
import { after, before, test } from 'node:test';
import { connect } from 'node:tls';
import { createKey, underKey } from '../support/broker-requests.ts';
import { disableKey, enableKey } from '../support/keys.ts';
import { openssl } from '../support/openssl.ts';
import { Waxwing } from '../support/waxwing.ts';
import { WaxwingFolder } from '../support/waxwing-folder.ts';

// The effects of the options of `waxwing serve` on a running service.

/** A port that was free just now. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

let waxwing: Waxwing;
let apiPort = 0;
let amqpsPort = 0;
let keyArn = '';
let brokerId = '';
before(async () => {
  [apiPort, amqpsPort] = [await freePort(), await freePort()];
  const ports = ['--api-port', String(apiPort), '--amqps-port', String(amqpsPort)];
  const env = { WAXWING_NO_DEFAULT_BROKER: '1', WAXWING_TLS_PARITY: 'true' };
  waxwing = await Waxwing.start({ args: ports, env });
  keyArn = await createKey(waxwing);
  brokerId = await waxwing.createBroker(underKey(keyArn));
});
after(() => waxwing.remove());

async function portOf(id: string): Promise<number> {
  return Number(new URL(await waxwing.brokerUrl(id)).port);
}

test('the API and the first broker use the requested ports', async () => {
  assert.equal(waxwing.amqpUrl, ''); // no default broker took it
  assert.equal(waxwing.apiPort, apiPort);
  assert.equal(await portOf(brokerId), amqpsPort);
});

test('the port of a broker with a disabled key stays reserved when another broker is created', async () => {
  await disableKey(waxwing.kms, keyArn);
  await waxwing.brokerIs(brokerId, 'CRITICAL_ACTION_REQUIRED');
  const other = await waxwing.createBroker();
  const otherPort = await portOf(other);
  assert.notEqual(otherPort, amqpsPort);
  await enableKey(waxwing.kms, keyArn);
  await waxwing.brokerIs(brokerId, 'RUNNING');
  assert.equal(await portOf(brokerId), amqpsPort);
  assert.equal(await waxwing.stop(), 0);
  await waxwing.restart();
  assert.equal(await portOf(brokerId), amqpsPort);
  assert.equal(await portOf(other), otherPort);
});

test('a broker whose port is taken by another program gets a new port and reports it', async () => {
  assert.equal(await waxwing.stop(), 0);
  const squatter = createServer();
  await new Promise<void>((resolve) => squatter.listen(amqpsPort, '127.0.0.1', resolve));
  await waxwing.restart();
  const port = await portOf(brokerId);
  assert.notEqual(port, amqpsPort);
  const client = await waxwing.connect(await waxwing.brokerUrl(brokerId));
  await client.close();
  await new Promise((resolve) => squatter.close(resolve));
});

test('with WAXWING_TLS_PARITY, both ports support TLS 1.2 and no other version', async () => {
  for (const port of [apiPort, await portOf(brokerId)]) {
    assert.deepEqual(await openssl(port, '-tls1_2'), {
      version: 'TLSv1.2',
      suite: 'ECDHE-RSA-AES256-GCM-SHA384',
    });
    assert.equal(await openssl(port, '-tls1_3'), undefined);
  }
});

test('a client without the CA certificate does not trust the service', async () => {
  const refused = new Promise<NodeJS.ErrnoException>((resolve, reject) => {
    const socket = connect({ port: apiPort, host: 'localhost' });
    socket.once('error', resolve);
    socket.once('secureConnect', () => reject(new Error('the certificate was trusted')));
  });
  assert.match((await refused).code ?? '', /SELF_SIGNED|UNABLE_TO/);
});

test('the printed commands work in a shell for any folder name', async (t) => {
  const folder = new WaxwingFolder("it's a folder; $HOME");
  const env = { WAXWING_NO_DEFAULT_BROKER: '0', WAXWING_TLS_PARITY: 'false' };
  const other = await Waxwing.start({ folder, env });
  t.after(() => other.remove());
  const greeting = await other.greeted();
  const [, line = ''] = /^ {2}(eval "\$\(.*\)") +#/m.exec(greeting) ?? [];
  const said = execFileSync('sh', ['-c', `${line}; echo "$AWS_ENDPOINT_URL"`], {
    cwd: folder.root,
    env: folder.environment(),
    encoding: 'utf8',
  });
  assert.equal(said, `${other.environment['AWS_ENDPOINT_URL']}\n`);
  // Variables that say no are as good as none.
  assert.equal((await openssl(other.apiPort, '-tls1_3'))?.version, 'TLSv1.3');
  assert.match(other.amqpUrl, /^amqps:/);
});

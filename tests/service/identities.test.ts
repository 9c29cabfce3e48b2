import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect, type PeerCertificate } from 'node:tls';
import { promisify } from 'node:util';
import { brokerName } from '../../src/server/certificates/server-certificates.ts';
import { until } from '../support/processes.ts';
import { Waxwing } from '../support/waxwing.ts';

// The separate identities of listeners: a program with a broker's TLS keys can pose neither as the
// API nor as another broker.

const run = promisify(execFile);
let waxwing: Waxwing;
const ports = { api: 0, one: 0, two: 0 };
let ids: string[] = [];
before(async () => {
  waxwing = await Waxwing.start({ args: ['--no-default-broker'] });
  ids = [await waxwing.createBroker(), await waxwing.createBroker()];
  await findPorts();
});
after(() => waxwing.remove());

async function findPorts(): Promise<void> {
  const portOf = async (id = '') => Number(new URL(await waxwing.brokerUrl(id)).port);
  Object.assign(ports, {
    api: waxwing.apiPort,
    one: await portOf(ids[0]),
    two: await portOf(ids[1]),
  });
}

const file = (name: string) => join(waxwing.folder.data, name);

/** The certificate that a client sees who trusts a file and asks for a name; or why it refuses. */
function seen(port: number, trusted: string, servername = 'localhost', minRsa = false) {
  return new Promise<PeerCertificate | string>((resolve) => {
    const socket = connect({
      port,
      host: 'localhost',
      servername,
      ca: readFileSync(file(trusted)),
      ...(minRsa && { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES256-GCM-SHA384' }),
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.once('secureConnect', () => {
      resolve(socket.getPeerCertificate());
      socket.destroy();
    });
  });
}

async function fingerprint(port: number, isRsa = false): Promise<string> {
  const found = await seen(port, 'ca.pem', 'localhost', isRsa);
  assert.ok(typeof found === 'object', String(found));
  return found.fingerprint256;
}

test('the API and every broker present their own certificates, of both key types', async () => {
  const all: string[] = [];
  for (const port of Object.values(ports)) {
    all.push(await fingerprint(port), await fingerprint(port, true));
  }
  assert.equal(new Set(all).size, 6);
});

test("a client that trusts only the API's authority accepts no broker certificate", async () => {
  assert.equal(waxwing.environment['AWS_CA_BUNDLE'], file('api-ca.pem'));
  assert.equal(typeof (await seen(ports.api, 'api-ca.pem')), 'object');
  for (const port of [ports.one, ports.two]) {
    assert.match(String(await seen(port, 'api-ca.pem')), /UNABLE_TO|SELF_SIGNED/);
  }
});

test("a client that requests a broker's own name accepts no other broker", async () => {
  const [one = '', two = ''] = ids.map(brokerName);
  assert.equal(typeof (await seen(ports.one, 'ca.pem', one)), 'object');
  for (const [port, name] of [
    [ports.two, one],
    [ports.one, two],
    [ports.api, one],
  ] as const) {
    assert.equal(await seen(port, 'ca.pem', name), 'ERR_TLS_CERT_ALTNAME_INVALID');
  }
});

test('certificates survive a restart and are deleted with their broker', async () => {
  const before = await fingerprint(ports.one);
  assert.equal(await waxwing.stop(), 0);
  await waxwing.restart();
  await until('both brokers run', async () => {
    await findPorts();
    return ports.one > 0 && ports.two > 0;
  });
  assert.equal(await fingerprint(ports.one), before);
});

/** Connects to the API and a broker by every name, with the file that is for each. */
const python = `
import socket, ssl, sys
for port, ca in ((sys.argv[1], 'api-ca.pem'), (sys.argv[1], 'ca.pem'), (sys.argv[2], 'ca.pem')):
    context = ssl.create_default_context(cafile=sys.argv[3] + '/' + ca)
    for name in 'localhost', '127.0.0.1', '::1':
        with socket.create_connection(('127.0.0.1', int(port))) as tcp:
            with context.wrap_socket(tcp, server_hostname=name) as tls: print(tls.version())
`;

test('OpenSSL and Python accept the constrained certificate authorities', async (t) => {
  for (const [port, trusted] of [
    [ports.api, 'api-ca.pem'],
    [ports.api, 'ca.pem'],
    [ports.one, 'ca.pem'],
  ] as const) {
    for (const check of [
      ['-verify_hostname', 'localhost'],
      ['-verify_ip', '127.0.0.1'],
    ]) {
      const options = ['-CAfile', file(trusted), '-verify_return_error', ...check];
      const client = run('openssl', [
        's_client',
        '-connect',
        `127.0.0.1:${port}`,
        '-brief',
        ...options,
      ]);
      client.child.stdin?.end();
      assert.match((await client).stderr, /^Verification: OK$/m);
    }
  }
  const args = ['-c', python, String(ports.api), String(ports.one), waxwing.folder.data];
  const found = await run('python3', args).catch((error: NodeJS.ErrnoException) => error);
  if ('code' in found && found.code === 'ENOENT') {
    t.diagnostic('there is no python3 here to connect with');
    return;
  }
  assert.ok('stdout' in found, String(found));
  assert.equal(found.stdout, 'TLSv1.3\n'.repeat(9));
});

const java = `
import java.io.*; import java.security.*; import java.security.cert.*; import javax.net.ssl.*;
public class Connect {
  public static void main(String[] args) throws Exception {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    int count = 0;
    for (java.security.cert.Certificate one : CertificateFactory.getInstance("X.509").generateCertificates(new FileInputStream(args[2])))
      store.setCertificateEntry("ca" + count++, one);
    TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(store);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    for (int i = 0; i < 2; i++) {
      SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket("localhost", Integer.parseInt(args[i]));
      SSLParameters parameters = socket.getSSLParameters();
      parameters.setEndpointIdentificationAlgorithm("HTTPS");
      socket.setSSLParameters(parameters);
      socket.startHandshake();
      System.out.println(socket.getSession().getProtocol());
    }
  }
}
`;

test('Java accepts the constrained certificate authorities', async (t) => {
  const source = join(waxwing.folder.root, 'Connect.java');
  writeFileSync(source, java);
  const args = [source, String(ports.api), String(ports.one), file('ca.pem')];
  const { status, error, stdout, stderr } = spawnSync('java', args, { encoding: 'utf8' });
  if (error !== undefined || /jdk\.compiler/.test(stderr)) {
    t.skip('there is no Java here that can run a source');
    return;
  }
  assert.deepEqual([status, stdout], [0, 'TLSv1.3\nTLSv1.3\n'], stderr);
});

import assert from 'node:assert/strict';
import { generateKeyPair } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { planeCertificates } from '../../../../tests/support/certificates.ts';
import { orderCertificate } from './acme-order.ts';

test('an order that fails says why: no answer, an unknown certificate, a status', async (t) => {
  const { authority, servers } = await planeCertificates();
  const [{ certificate: cert = '', privateKey: key = '' } = {}] = servers;
  const server = createServer({ cert, key }, (_request, response) => {
    response.writeHead(503).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo; // the server listens on a port, not on a pipe
  const { privateKey } = await promisify(generateKeyPair)('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const order = (authorities: string | undefined) =>
    orderCertificate({
      settings: {
        directory: `https://127.0.0.1:${port}/directory`,
        email: undefined,
        agreesToTerms: true,
        authorities,
        httpPort: 0,
      },
      ...{ host: '127.0.0.1', names: ['mq.example.test'], accountUrl: undefined },
      ...{ accountKey: privateKey, privateKey, registered: async () => {} },
    });
  await assert.rejects(order(authority), /503/);
  await assert.rejects(order(undefined), /certificate/);
  server.close();
  server.closeAllConnections();
  await assert.rejects(order(authority), /ECONNREFUSED/);
});

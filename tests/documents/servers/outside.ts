// Servers of others, in this process, as pages name them.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, request } from 'node:http';
import { request as requestTls } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { OAuth2Server } from 'oauth2-mock-server';
import { httpsRequest } from '../../support/https-request.ts';
import { until } from '../../support/processes.ts';
import type { Stage } from './stage.ts';

/** Passes requests on, with paths that begin with a prefix without it. */
export function relayTo(
  url: string,
  options: { prefix?: string; ca?: string; name?: string } = {},
): RequestListener {
  // The name in the header `Host` is that of the page, not that of the server's certificate.
  const { prefix = '', ca = '', name: servername = new URL(url).hostname } = options;
  return (incoming, response) => {
    const path = (incoming.url ?? '/').slice(prefix.length) || '/';
    const { method, headers } = incoming;
    const send = url.startsWith('https:') ? requestTls : request;
    const onward = send(new URL(path, url), { method, headers, ca, servername }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    incoming.pipe(onward);
  };
}

/**
 * An OpenID Connect provider of another project, at port 443.
 *
 * @param issuer a URL whose name is one of the stage's
 */
export async function startProvider(stage: Stage, issuer: string): Promise<OAuth2Server> {
  const provider = new OAuth2Server();
  await provider.issuer.keys.generate('RS256');
  await provider.start(0, 'localhost');
  const { port } = provider.address();
  provider.issuer.url = issuer;
  const { pathname } = new URL(issuer);
  await stage.listen(443, relayTo(`http://localhost:${port}`, { prefix: pathname }));
  return provider;
}

/** A time stamp server, which is OpenSSL. Its authority is in `tsa-root.pem`. Returns its URL. */
export async function startTimeStamps(stage: Stage): Promise<string> {
  const cwd = stage.folder.root;
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd, stdio: 'pipe' });
  const subject = ['-subj', '/CN=stamps', '-addext', 'extendedKeyUsage=critical,timeStamping'];
  const files = ['-keyout', 'tsa.key', '-out', 'tsa-root.pem'];
  openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...files, ...subject);
  stage.write(
    'tsa.cnf',
    `[tsa]
serial = serial
signer_cert = tsa-root.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
`,
  );
  const server = createServer(async (incoming, response) => {
    stage.write('query.tsq', await bodyOf(incoming));
    const options = ['-config', 'tsa.cnf', '-section', 'tsa', '-queryfile', 'query.tsq'];
    openssl('ts', '-reply', ...options, '-out', 'answer.tsr');
    response.writeHead(200, { 'content-type': 'application/timestamp-reply' });
    response.end(execFileSync('cat', [join(cwd, 'answer.tsr')]));
  });
  server.listen(0, '127.0.0.1').unref();
  await once(server, 'listening');
  return `http://localhost:${(server.address() as AddressInfo).port}/`; // a TCP server has a port
}

async function bodyOf(incoming: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of incoming) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

/**
 * Pebble, the test server of Let's Encrypt, at port 443 of a name, with that server's path of the directory.
 *
 * @returns the authority of its certificates, PEM
 */
export async function startPebble(stage: Stage, name: string): Promise<string> {
  const { certificate, privateKey } = await stage.certificate();
  const file = (path: string) => join(stage.folder.root, path);
  stage.write('pebble.pem', certificate);
  stage.write('pebble.key', privateKey);
  const pebble = {
    listenAddress: '127.0.0.1:14000',
    managementListenAddress: '127.0.0.1:15000',
    certificate: file('pebble.pem'),
    privateKey: file('pebble.key'),
    httpPort: 80,
    tlsPort: 1,
    ocspResponderURL: '',
    externalAccountBindingRequired: false,
  };
  stage.write('pebble.json', JSON.stringify({ pebble }));
  const env = { ...process.env, PEBBLE_VA_NOSLEEP: '1' };
  const start = (program: string, ...args: string[]) => {
    const child = spawn(program, args, { stdio: 'ignore', env });
    child.unref();
    process.once('exit', () => child.kill());
  };
  start(
    '/usr/bin/pebble-challtestsrv',
    ...['-dns01', '127.0.0.1:8053', '-management', '127.0.0.1:8055'],
    ...['-http01', '', '-https01', '', '-tlsalpn01', ''],
    ...['-defaultIPv4', '127.0.0.1', '-defaultIPv6', ''],
  );
  start('/usr/bin/pebble', '-config', file('pebble.json'), '-dnsserver', '127.0.0.1:8053');
  const relay = relayTo('https://127.0.0.1:14000', { ca: stage.ca, name });
  await stage.listen(443, (incoming, response) => {
    if (incoming.url === '/directory') incoming.url = '/dir';
    relay(incoming, response);
  });
  return await until('Pebble answers', async () => {
    const options = { port: 15000, servername: name, ca: stage.ca, path: '/roots/0' };
    const { body } = await httpsRequest(options).catch(() => ({ body: undefined }));
    return body?.toString();
  });
}

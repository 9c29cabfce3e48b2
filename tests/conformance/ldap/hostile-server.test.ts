import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { Directory } from '../../../src/ldap/directory.ts';
import { type DirectoryLimits, directoryLimits } from '../../../src/ldap/settings.ts';
import { planeCertificates, type TestCertificates } from '../../support/certificates.ts';
import { directoryOf, type LdapAuthority } from '../../support/ldap-server.ts';
import { ManualClock } from '../../support/manual-clock.ts';

// Servers that answer wrongly, slowly, too much, or not at all.

let certificates: TestCertificates;
let server: Server;
/** What the server does with each request, by the number of the request on its connection. */
let behave: (socket: TLSSocket, id: number, requestCount: number) => void = () => {};
const sockets = new Set<TLSSocket>();
let connectionCount = 0;

before(async () => {
  certificates = await planeCertificates();
  const [own] = certificates.servers;
  server = createServer({ cert: own?.certificate, key: own?.privateKey }, (socket) => {
    connectionCount++;
    sockets.add(socket);
    socket.on('error', () => {});
    let requestCount = 0;
    // Each request is the header of a sequence with a length of one or more bytes, and its number.
    socket.on('data', (bytes: Buffer) => {
      const lengthBytes = ((bytes[1] ?? 0) & 0x80) === 0 ? 0 : (bytes[1] ?? 0) & 0x7f;
      behave(socket, bytes[4 + lengthBytes] ?? 0, requestCount++);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

after(async () => {
  for (const socket of sockets) socket.destroy();
  server.close();
  await once(server, 'close');
});

/** A message: an operation with its content. */
function message(id: number, operation: number, ...content: readonly number[]): Buffer {
  const inner = [0x02, 0x01, id, operation, content.length, ...content];
  return Buffer.from([0x30, inner.length, ...inner]);
}

/** A result without texts. */
const result = (code: number) => [0x0a, 0x01, code, 0x04, 0x00, 0x04, 0x00];
const bound = (id: number, code = 0) => message(id, 0x61, ...result(code));
const searched = (id: number, code = 0) => message(id, 0x65, ...result(code));
/** An entry named `cn=x` without attributes. */
const entry = (id: number) => message(id, 0x64, 0x04, 4, ...Buffer.from('cn=x'), 0x30, 0);

const reports: string[] = [];

function directory(limits: Partial<DirectoryLimits> = {}, clock?: ManualClock): Directory {
  const { port } = server.address() as AddressInfo; // a TCP server has a port
  const authority = { certificate: certificates.authority } as LdapAuthority;
  reports.length = 0;
  return new Directory({
    settings: directoryOf(authority, [{ host: '127.0.0.1', port }]),
    report: (text) => reports.push(text),
    limits: { ...directoryLimits, hostTimeoutMs: 60_000, ...limits },
    ...(clock && { clock }),
  });
}

test('a server with correct answers is accepted', async () => {
  behave = (socket, id, requestCount) => {
    if (requestCount === 0 || requestCount === 3) socket.write(bound(id));
    else if (requestCount === 1) socket.write(Buffer.concat([entry(id), searched(id)]));
    else if (requestCount === 2) socket.write(searched(id));
  };
  assert.deepEqual(await directory().logIn('amy', 'password'), { groups: [] });
});

test('a request to a server that does not answer times out', async () => {
  for (const silentAt of [0, 1, 3]) {
    const clock = new ManualClock();
    const reached = new Promise<void>((resolve) => {
      behave = (socket, id, requestCount) => {
        if (requestCount === silentAt) resolve();
        else if (requestCount === 0) socket.write(bound(id));
        else if (requestCount === 1) socket.write(Buffer.concat([entry(id), searched(id)]));
        else socket.write(searched(id));
      };
    });
    const check = assert.rejects(directory({ hostTimeoutMs: 5000 }, clock).logIn('amy', 'x'), {
      code: 'host-unavailable',
      message: /: no answer within 5000 ms$/,
    });
    await reached;
    clock.advance(5000);
    await check;
  }
});

test('a handshake that the server does not complete times out', async () => {
  const clock = new ManualClock();
  const { createServer: createTcp } = await import('node:net');
  const silent = createTcp(() => {}).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo; // a TCP server has a port
  const arrived = once(silent, 'connection');
  const settings = directoryOf({ certificate: certificates.authority } as LdapAuthority, [
    { host: '127.0.0.1', port },
  ]);
  const users = new Directory({ settings, report: () => {}, clock });
  const check = assert.rejects(users.logIn('amy', 'x'), { code: 'host-unavailable' });
  const [socket] = await arrived;
  clock.advance(directoryLimits.hostTimeoutMs);
  await check;
  socket.destroy();
  silent.close();
});

test('an endless response is cut off, however it is fragmented', async () => {
  const floods = [
    (socket: TLSSocket, id: number) => flood(socket, Buffer.concat(Array(1000).fill(entry(id)))),
    // The header of a message of 1 GiB, and its beginning.
    (socket: TLSSocket) => {
      socket.write(Buffer.from([0x30, 0x84, 0x40, 0, 0, 0]));
      flood(socket, Buffer.alloc(65_536));
    },
  ];
  for (const send of floods) {
    behave = (socket, id, requestCount) => {
      if (requestCount === 0) socket.write(bound(id));
      else if (requestCount === 1) send(socket, id);
    };
    await assert.rejects(directory().logIn('amy', 'x'), {
      code: 'host-unavailable',
      message: /answers of more than 1048576 bytes, or in more than 1024 pieces$/,
    });
  }
});

/** Sends the same bytes until the connection ends. */
function flood(socket: TLSSocket, bytes: Buffer): void {
  const more = () => {
    while (!socket.destroyed && socket.write(bytes));
    if (!socket.destroyed) socket.once('drain', more);
  };
  more();
}

test('a lost connection is not reopened where the search would be anonymous', async () => {
  behave = (socket, id, requestCount) => {
    if (requestCount === 0) socket.end(bound(id));
    else socket.write(Buffer.concat([entry(id), searched(id)]));
  };
  connectionCount = 0;
  await assert.rejects(directory().logIn('amy', 'x'), { code: 'host-unavailable' });
  assert.equal(connectionCount, 1);
});

test('garbage, unsolicited responses and refusals authenticate nobody', async () => {
  const garbage = [Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), Buffer.alloc(100), bound(77)];
  for (const bytes of garbage) {
    behave = (socket) => socket.end(bytes);
    await assert.rejects(directory().logIn('amy', 'x'), { code: 'host-unavailable' });
  }
  const lastBind = (code: number) => {
    behave = (socket, id, requestCount) => {
      if (requestCount === 0) socket.write(bound(id));
      else if (requestCount === 1) socket.write(Buffer.concat([entry(id), searched(id)]));
      else if (requestCount === 2) socket.write(searched(id));
      else socket.write(bound(id, code));
    };
  };
  // Invalid credentials, unwilling to perform, insufficient access, referral, an unknown code.
  for (const code of [49, 53, 50, 10, 119]) {
    lastBind(code);
    assert.equal(await directory().logIn('amy', 'x'), 'wrong-password', String(code));
  }
  for (const code of [51, 52]) {
    lastBind(code);
    await assert.rejects(directory().logIn('amy', 'x'), { code: 'host-unavailable' });
  }
  behave = (socket, id, requestCount) => {
    socket.write(requestCount === 0 ? bound(id) : searched(id, 50));
  };
  await assert.rejects(directory().logIn('amy', 'x'), { code: 'request-refused' });
});

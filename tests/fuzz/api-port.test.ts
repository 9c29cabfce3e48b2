import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { ListKeysCommand } from '@aws-sdk/client-kms';
import type { HttpRequest } from '../../src/net/http/message.ts';
import { ControlPlane } from '../support/control-plane.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { randomRequest } from './api-requests.ts';
import { Pool } from './api-values.ts';

/** A request as its bytes; what no header can hold is left out. */
function bytesOf({ method, rawPath, rawQuery, headers, body }: HttpRequest): Buffer {
  const lines = [`${method} ${rawPath}${rawQuery === '' ? '' : `?${rawQuery}`} HTTP/1.1`];
  for (const [name, value] of headers) lines.push(`${name}: ${value.replace(/[^ -~]/g, '')}`);
  lines.push(`content-length: ${body.length}`, 'connection: close', '', '');
  return Buffer.concat([Buffer.from(lines.join('\r\n')), body]);
}

/** Sends bytes in a few pieces, ends, and gives what comes back until the other side ends too. */
function exchange(port: number, ca: string, bytes: Buffer, random: SeededRandom): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', ca }, () => {
      const cut = random.below(bytes.length + 1);
      socket.write(bytes.subarray(0, cut));
      socket.end(bytes.subarray(cut));
    });
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    // A connection may be cut short: what was sent on it was no request.
    socket.on('error', () => {});
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')));
  });
}

test('any input to the API port is answered as a client error or disconnected', async () => {
  const plane = await ControlPlane.start();
  try {
    const { url, ca } = plane.endpoint;
    const port = Number(new URL(url).port);
    const count = process.env['WAXWING_LONG'] === '1' ? 20_000 : 120;
    let answered = 0;
    for (let seed = 1; seed <= count; seed++) {
      const random = new SeededRandom(seed);
      const whole = bytesOf(await randomRequest(plane, random, new Pool()));
      const bytes = random.oneIn(2) ? whole : random.damaged(whole);
      const answer = await exchange(port, ca, bytes, random);
      if (answer === '') continue;
      answered += 1;
      assert.match(answer, /^HTTP\/1\.1 [24]\d\d /, `seed ${seed}`);
    }
    assert.ok(answered > count / 2, `${answered} of ${count} were answered`);
    assert.deepEqual(plane.unexpectedErrors, []);
    assert.ok((await plane.kms.send(new ListKeysCommand({}))).Keys);
  } finally {
    await plane.close();
  }
});

import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import type { Recognition } from '../protocols/protocol.ts';
import { chooseBySocket, type Recognizer } from './protocol-choice.ts';

/** Recognises a beginning. */
function beginningWith(text: string): Recognizer & { readonly text: string } {
  const wanted = Buffer.from(text);
  const recognizes = (bytes: Buffer): Recognition => {
    const size = Math.min(bytes.length, wanted.length);
    if (wanted.compare(bytes, 0, size, 0, size) !== 0) return 'no';
    return size < wanted.length ? 'maybe' : 'yes';
  };
  return { text, recognizes };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

const candidates = [beginningWith('AMQP'), beginningWith('GET '), beginningWith('CONNECT\n')];
type When = 'before' | 'at once' | 'later';

/** Chooses by pieces of a stream; returns what was chosen and all bytes that it was handed. */
async function chosenBy(pieces: readonly Buffer[], when: When): Promise<[string, string]> {
  const socket = new Duplex({ read: () => {}, write: (_a, _b, done) => done() });
  const heard: Buffer[] = [];
  let found = '';
  if (when === 'before') for (const piece of pieces) socket.push(piece);
  chooseBySocket(socket as unknown as TLSSocket, candidates, (candidate, bytes) => {
    found = candidate.text;
    heard.push(bytes);
    socket.on('data', (more: Buffer) => heard.push(more));
  });
  for (const piece of when === 'before' ? [] : pieces) {
    if (when === 'later') await turn();
    socket.push(piece);
  }
  await turn();
  await turn();
  return [found, Buffer.concat(heard).toString()];
}

test('no byte is lost, whenever data arrives and wherever it is split', async () => {
  const stream = Buffer.from('CONNECT\nlogin:a\n\n\0 and all that follows');
  for (let cut = 1; cut < stream.length; cut++) {
    const pieces = [stream.subarray(0, cut), stream.subarray(cut)];
    for (const when of ['before', 'at once', 'later'] as const) {
      assert.deepEqual(await chosenBy(pieces, when), ['CONNECT\n', stream.toString()], `${cut}`);
    }
  }
});

import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { type Answer, jsonStream } from './answers.ts';
import { LargeAnswers } from './large-answers.ts';

async function* pieces(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('[');
  yield Buffer.from(']');
}

/** As the server does before it sends an answer. */
function opened(answer: Answer): Readable {
  assert.ok('stream' in answer);
  return Readable.from(answer.stream, { objectMode: false });
}

test('answers that are not read are bounded by user and in total, until they end', async () => {
  const answers = new LargeAnswers();
  const sent: Readable[] = [];
  const send = (user: string) => {
    answers.requireRoom(user);
    sent.push(opened(answers.counted(user, jsonStream(pieces()))));
  };
  for (const user of ['a', 'b', 'c', 'd']) {
    for (let count = 0; count < 4; count++) send(user);
    assert.throws(() => send(user), { code: 'busy' });
  }
  assert.throws(() => send('e'), { code: 'busy' });
  // One that nobody has begun to read, and one that was read to its end.
  const [unread, read] = sent;
  unread?.destroy();
  assert.equal(Buffer.concat((await read?.toArray()) ?? []).toString(), '[]');
  await new Promise((resolve) => setImmediate(resolve));
  send('e');
  send('a');
  assert.throws(() => send('e'), { code: 'busy' });
});

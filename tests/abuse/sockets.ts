// Connections for attacks.

import { connect as connectTcp, createServer, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Target } from './target.ts';

/** Opens a connection and says nothing on it. */
export function plain(target: Target, port: number): Socket {
  const socket = connectTcp({ port, host: '127.0.0.1', localAddress: target.from });
  socket.on('error', () => socket.destroy());
  return socket;
}

/** Opens a connection and hands it over once TLS is done. */
export function encrypted(target: Target, port: number, ready: (socket: Socket) => void): Socket {
  const socket = connectTls({ socket: plain(target, port), rejectUnauthorized: false }, () =>
    ready(socket),
  );
  socket.on('error', () => socket.destroy());
  socket.resume();
  return socket;
}

export function closed(socket: Socket): Promise<void> {
  if (socket.closed) return Promise.resolve();
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

/** Writes no faster than the other side takes it, as long as the connection lives. */
export async function pour(socket: Socket, piece: Buffer, times: number): Promise<void> {
  for (let i = 0; i < times && !socket.destroyed; i++) {
    if (socket.write(piece)) continue;
    await new Promise<void>((resolve) => {
      const go = () => {
        socket.off('drain', go).off('close', go);
        resolve();
      };
      socket.on('drain', go).on('close', go);
    });
  }
}

/** The first bytes of a client, taken from a real connection. */
export function clientHello(): Promise<Buffer> {
  return new Promise((resolve) => {
    const server = createServer((socket) => {
      socket.once('data', (bytes: Buffer) => {
        resolve(bytes);
        socket.destroy();
        server.close();
      });
      socket.on('error', () => {});
    });
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
      connectTls({ port, host: '127.0.0.1' }).on('error', () => {});
    });
  });
}

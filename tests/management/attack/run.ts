// The main module of a process that asks a management API for as much as it can, as one user.

import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';

// `run.js PORT CA-FILE CONNECTIONS`, with `user:password` in ATTACK_USER. It reports its counts every
// 100 ms, and ends with its parent.

const [, , port = '', caFile = '', connections = '1'] = process.argv;
const ca = readFileSync(caFile, 'utf8');
const authorization = `Basic ${Buffer.from(process.env['ATTACK_USER'] ?? '').toString('base64')}`;

/** The most expensive requests, and cheap ones. */
const paths = [
  '/api/queues?page=1&page_size=500&sort=messages&sort_reverse=true',
  '/api/queues',
  '/metrics/detailed?family=queue_metrics&family=queue_coarse_metrics',
  '/api/bindings',
  '/api/definitions',
  '/api/overview',
  '/api/whoami',
  '/api/connections',
];

const counts: Record<number, number> = {};

/** Sends one request after the other on one connection, as fast as they are answered. */
function attack(from: number): void {
  const agent = new Agent({ keepAlive: true, ca, maxSockets: 1 });
  const next = (number: number) => {
    const path = paths[number % paths.length] ?? '';
    const options = { host: '127.0.0.1', servername: 'localhost', port, path, agent };
    request({ ...options, headers: { authorization } }, (response) => {
      response.resume();
      response.on('close', () => {
        const { statusCode = 0 } = response;
        counts[statusCode] = (counts[statusCode] ?? 0) + 1;
        next(number + 1);
      });
    })
      .on('error', () => setTimeout(next, 10, number))
      .end();
  };
  next(from);
}

for (let number = 0; number < Number(connections); number++) attack(number);
setInterval(() => process.send?.(counts), 100).unref();
process.on('disconnect', () => process.exit());

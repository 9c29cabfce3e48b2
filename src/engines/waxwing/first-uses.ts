// First uses of parts that take long only once.

import { createCipheriv, createHmac, hkdfSync } from 'node:crypto';
import { stat } from 'node:fs';
import { isIPv6 } from 'node:net';
import { systemClock } from '../../base/clock.ts';
import { isFipsForced } from '../../crypto/fips-process.ts';
import { preloadLocks } from '../../storage/kernel-lock.ts';
import { firstHandshake } from './first-handshake.ts';

const noSecret = Buffer.alloc(32);

/**
 * Loads and compiles what each start of a broker needs: the locks of files, the threads of file
 * operations, the first operation of each cryptographic function, a TLS handshake, what listening on a
 * port loads, and the pattern for IPv6 addresses, which takes 10 ms alone. A spare process does this
 * while it waits for its broker. Most brokers are of RabbitMQ's type, so it also loads what each of
 * those needs.
 */
export function firstUses(): void {
  preloadLocks();
  stat('/', () => {});
  isIPv6('::1');
  hkdfSync('sha256', noSecret, noSecret, '', noSecret.length);
  createHmac('sha256', noSecret).update(noSecret).digest();
  createCipheriv('aes-256-gcm', noSecret, noSecret.subarray(0, 12)).update(noSecret);
  systemClock.monotonicMs();
  for (const name of ['node:cluster', 'node:dns']) process.getBuiltinModule(name);
  Promise.all([import('../../net/http/http-port.ts'), import('./parts/amqp10-rabbitmq-parts.ts')])
    .then(() => isFipsForced() || firstHandshake())
    .catch(() => {}); // the broker that needs them reports it
}

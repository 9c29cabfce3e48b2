// First uses of parts that take long only once.

import { createCipheriv, createHmac, hkdfSync } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { systemClock } from '../../base/clock.ts';
import { preloadLocks } from '../../storage/kernel-lock.ts';

const noSecret = Buffer.alloc(32);

/**
 * Loads and compiles what each start of a broker needs: the locks of files, the first operation of
 * each cryptographic function, and the pattern for IPv6 addresses, which takes 10 ms alone. A spare
 * process does this while it waits for its broker. Most brokers are of RabbitMQ's type, so it also
 * loads what each of those needs.
 */
export function firstUses(): void {
  preloadLocks();
  isIPv6('::1');
  hkdfSync('sha256', noSecret, noSecret, '', noSecret.length);
  createHmac('sha256', noSecret).update(noSecret).digest();
  createCipheriv('aes-256-gcm', noSecret, noSecret.subarray(0, 12)).update(noSecret);
  systemClock.monotonicMs();
  Promise.all([
    import('../../net/http/http-port.ts'),
    import('./parts/amqp10-rabbitmq-parts.ts'),
  ]).catch(() => {}); // the broker that needs them reports it
}

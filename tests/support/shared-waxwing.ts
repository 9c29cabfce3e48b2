// A service that the test files of a process share.

import { Waxwing } from './waxwing.ts';

let shared: Promise<Waxwing> | undefined;

/**
 * Returns a service with default settings, which is started at the first call and removed when the
 * process ends. Test files that use it neither stop it nor change what others see: they choose
 * names of queues, users and brokers that begin with their own name, and delete nothing else.
 */
export function sharedWaxwing(): Promise<Waxwing> {
  shared ??= start();
  return shared;
}

async function start(): Promise<Waxwing> {
  const waxwing = await Waxwing.start();
  waxwing.unref();
  process.once('beforeExit', () => void waxwing.remove());
  return waxwing;
}

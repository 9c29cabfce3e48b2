// A spare broker process, started in advance.

import type { ChildProcess } from 'node:child_process';
import { BrokerProcess } from './broker-process.ts';
import { startBrokerProcess } from './broker-start.ts';

let spare: BrokerProcess | undefined;

/**
 * Keeps a process that was started before its broker is known, so that the broker starts sooner.
 *
 * @param child the result of `startBrokerProcess` in this turn of the event loop
 */
export function keepSpare(child: ChildProcess): void {
  spare = new BrokerProcess(child);
}

/** Returns the spare process if there is one, otherwise a new process. */
export function takeSpare(): BrokerProcess {
  const taken = spare ?? new BrokerProcess(startBrokerProcess());
  spare = undefined;
  return taken;
}

/** Kills the spare process if no broker took it. */
export function dismissSpare(): void {
  spare?.kill();
  spare = undefined;
}

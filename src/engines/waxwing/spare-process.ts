// A spare broker process, started in advance.

import { BrokerProcess } from './broker-process.ts';

let spare: BrokerProcess | undefined;

/** Starts a process before its broker is known, so that the broker starts sooner. */
export function prepareSpare(): void {
  spare ??= new BrokerProcess();
}

/** Returns the spare process if there is one, otherwise a new process. */
export function takeSpare(): BrokerProcess {
  const taken = spare ?? new BrokerProcess();
  spare = undefined;
  return taken;
}

/** Kills the spare process if no broker took it. */
export function dismissSpare(): void {
  spare?.kill();
  spare = undefined;
}

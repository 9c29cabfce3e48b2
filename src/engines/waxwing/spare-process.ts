import { BrokerProcess } from './broker-process.ts';

let spare: BrokerProcess | undefined;

/** Starts a process ahead of the broker it is for, which is then up so much sooner. */
export function prepareSpare(): void {
  spare ??= new BrokerProcess();
}

/** A process for a broker: the spare one where there is one. */
export function takeSpare(): BrokerProcess {
  const taken = spare ?? new BrokerProcess();
  spare = undefined;
  return taken;
}

/** Ends a process that no broker came for. */
export function dismissSpare(): void {
  spare?.kill();
  spare = undefined;
}

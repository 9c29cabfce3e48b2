import { BrokerProcess } from './broker-process.ts';

let spare: BrokerProcess | undefined;

/** Starts a process before its broker is known, so that the broker is up sooner. */
export function prepareSpare(): void {
  spare ??= new BrokerProcess();
}

/** A process for a broker: the spare one where there is one, else a new one. */
export function takeSpare(): BrokerProcess {
  const taken = spare ?? new BrokerProcess();
  spare = undefined;
  return taken;
}

/** Kills the spare process, where no broker took it. */
export function dismissSpare(): void {
  spare?.kill();
  spare = undefined;
}

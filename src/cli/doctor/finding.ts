// What a check of `waxwing doctor` found.

import type { PortRange } from '../../base/port-range.ts';

/** `problem`: the service does not start, or data is at risk. `warning`: worth a look. */
export type Level = 'ok' | 'warning' | 'problem';

/** One line of the report. It must not contain secrets. */
export interface Finding {
  /** The subject, one or two words: `disk`, `root key`. */
  readonly about: string;
  readonly level: Level;
  readonly what: string;
  /** The remedy; undefined if nothing needs to be done. */
  readonly fix?: string | undefined;
}

/** The settings that the checks need; those of `waxwing serve`. */
export interface Place {
  /** The absolute path of the data folder. */
  readonly folder: string;
  readonly host: string;
  readonly apiPort: number;
  readonly amqpsPort: number;
  readonly brokerPorts?: PortRange;
  /** The ports that all brokers share, by listener. */
  readonly sharedPorts?: ReadonlyMap<string, number>;
  readonly diskReserveMib: number;
}

/** Makes a finding without a remedy. */
export function ok(about: string, what: string): Finding {
  return { about, level: 'ok', what };
}

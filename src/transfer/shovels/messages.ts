// The messages between a broker and the thread of its shovels.

import type { MessagePort } from 'node:worker_threads';
import type { JsonValue } from '../../broker/rabbitmq/model.ts';
import type { ShovelState } from './shovel.ts';

/** The settings of the thread. */
export interface ShovelThreadData {
  readonly brokerName: string;
  /** Certificates of authorities besides the public ones, PEM. */
  readonly authorities: readonly string[];
}

/** A message to the thread. Passwords are in it, and it is never logged. */
export type ToShovels =
  /** Start a shovel, or replace it. */
  | {
      readonly type: 'put';
      readonly id: number;
      readonly vhost: string;
      readonly name: string;
      readonly value: JsonValue;
    }
  | { readonly type: 'stop'; readonly id: number };

/** A message of the thread. */
export type FromShovels =
  | { readonly type: 'state'; readonly id: number; readonly state: ShovelState }
  /** Messages that were moved since the last such message. */
  | { readonly type: 'moved'; readonly id: number; readonly count: number }
  /** The shovel has moved the number of messages after which it is deleted. */
  | { readonly type: 'completed'; readonly id: number }
  /** Accept a connection to this broker on the port. */
  | { readonly type: 'connect'; readonly vhost: string; readonly port: MessagePort };

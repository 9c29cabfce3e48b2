import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { MessageStore } from '../storage/message-store.ts';
import type { MessageFormat } from './format.ts';
import type { Limits } from './limits.ts';
import type { LoginOptions } from './logins/logins.ts';

/** What a broker is made of. */
export interface BrokerOptions extends LoginOptions {
  /** Opens the log: attaches it to the store, then replays what it holds, then resolves. */
  readonly openLog: (store: MessageStore) => Promise<void>;
  readonly formats: readonly MessageFormat[];
  readonly users: readonly { readonly username: string; readonly passwordHash: string }[];
  /** The broker's name as clients are told it; `localhost` where it is not given. */
  readonly brokerName?: string;
  /** Of the engine whose behaviour clients are to expect; 3.13 where it is not given. */
  readonly engineVersion?: string;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly limits?: Partial<Limits>;
  /** Bytes of memory in use; those of the process where it is not given. */
  readonly memoryBytes?: () => number;
  /**
   * Hears when the broker has something to do next, wall milliseconds: `doDue` is to be called then. A
   * later call takes the place of those before; without it, `tick` alone does what is due.
   */
  readonly wakeAt?: (atMs: number) => void;
  /** Called once a second while there is too little memory: a process at rest collects no garbage. */
  readonly collectGarbage?: () => void;
  /** Hears of each dead letter that a bug has kept from being made. */
  readonly onLetterLost?: (error: unknown, queue: string) => void;
  /** Hears of each connection that a bug in this program has ended. */
  readonly onInternalError?: (error: unknown, peerAddress: string) => void;
}

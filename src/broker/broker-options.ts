// The options of a broker.

import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { MessageStore } from '../storage/message-store.ts';
import type { ConvertsInThread } from './conversion/large-conversions.ts';
import type { MessageFormat } from './format.ts';
import type { Limits } from './limits.ts';
import type { LoginOptions } from './logins/logins.ts';
import type { InitialSettings } from './settings/initial-settings.ts';

/** The parts and settings of a broker. */
export interface BrokerOptions extends LoginOptions {
  /** Opens the log: attaches it to the store, replays it, and then resolves. */
  readonly openLog: (store: MessageStore) => Promise<void>;
  readonly formats: readonly MessageFormat[];
  readonly users: readonly { readonly username: string; readonly passwordHash: string }[];
  /** The broker name that clients see. Defaults to `localhost`. */
  readonly brokerName?: string;
  /** The version of the engine whose behaviour clients expect. Defaults to 3.13. */
  readonly engineVersion?: string;
  readonly clock?: Clock;
  /**
   * The clock that limits the work of one turn, milliseconds: the system's by default, unless
   * another {@link clock} is given. A test for which a turn never takes long returns 0.
   */
  readonly turnMs?: () => number;
  readonly random?: Random;
  readonly limits?: Partial<Limits>;
  /** What a new broker and its virtual hosts begin with. */
  readonly initialSettings?: InitialSettings | undefined;
  /** Returns the memory in use, bytes. Defaults to that of the process. */
  readonly memoryBytes?: () => number;
  /**
   * Called with the time at which `doDue` must be called next, milliseconds since 1970. A later
   * call replaces earlier ones. Without it, `tick` performs the due work.
   */
  readonly wakeAt?: (atMs: number) => void;
  /** Called once a second while memory is low, because an idle process collects no garbage. */
  readonly collectGarbage?: () => void;
  /** Converts large messages. Without it, they are converted at once, which may take a long turn. */
  readonly convertsInThread?: ConvertsInThread;
  /** Called when a dead letter is lost because of a bug. */
  readonly onLetterLost?: (error: unknown, queue: string) => void;
  /** Called when a connection is closed because of a bug. */
  readonly onInternalError?: (error: unknown, peerAddress: string) => void;
}

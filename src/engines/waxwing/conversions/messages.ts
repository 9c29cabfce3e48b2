// The messages between a broker and the thread that converts large messages.

import type { ThreadResult } from '../../../broker/conversion/large-conversions.ts';

/** What the thread is started with. */
export interface ConversionThreadData {
  /** Whether the broker is of ActiveMQ's type: some formats differ. */
  readonly isActiveMq: boolean;
}

/** The answer to a request: the result, or why there is none. */
export type FromConversions = { readonly result: ThreadResult } | { readonly why: string };

// The errors of this folder.

import { WaxwingError } from '../base/errors.ts';

/** The codes of {@link AgentError}. */
export type AgentErrorCode =
  /** The data folder of the host cannot be used. */
  | 'folder-invalid'
  /** This machine cannot run nodes. */
  | 'host-unable'
  /** The machine has not joined, or has joined already. */
  | 'join-state'
  /** There is no lease, so that nothing may run. */
  | 'lease-ended';

/** An expected error of a host. */
export class AgentError extends WaxwingError<AgentErrorCode> {}

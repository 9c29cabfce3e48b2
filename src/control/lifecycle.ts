// The lifecycle of brokers, as a table.

/** States of a broker, as Amazon MQ names them. */
export type BrokerState =
  | 'CREATION_IN_PROGRESS'
  | 'CREATION_FAILED'
  | 'RUNNING'
  | 'REBOOT_IN_PROGRESS'
  | 'CRITICAL_ACTION_REQUIRED'
  | 'REPLICA'
  | 'DELETION_IN_PROGRESS';

/** Events in the lifecycle of a broker. */
export type BrokerEvent =
  /** The broker accepts connections. */
  | 'started'
  /** The broker is a replica, and does not accept connections. */
  | 'replicating'
  /** A primary has become a replica. */
  | 'demoted'
  /** A replica has become the primary, or its pair has ended. */
  | 'promoted'
  /** The broker cannot be created or cannot run, and is not retried automatically. */
  | 'failed'
  /** The broker's key is not usable, or one of its grants no longer exists. */
  | 'key-lost'
  | 'reboot-asked'
  | 'deletion-asked';

/** The work that a state requires. */
export type Work =
  | 'create'
  | 'keep-running'
  | 'restart'
  | 'heal'
  | 'replicate'
  | 'delete'
  | 'nothing';

interface Row {
  readonly work: Work;
  readonly on: Partial<Record<BrokerEvent, BrokerState>>;
}

/** The work in each state, and the state to which each event leads. */
const lifecycle: Record<BrokerState, Row> = {
  CREATION_IN_PROGRESS: {
    work: 'create',
    on: {
      started: 'RUNNING',
      replicating: 'REPLICA',
      promoted: 'REBOOT_IN_PROGRESS',
      failed: 'CREATION_FAILED',
      'key-lost': 'CREATION_FAILED',
      'deletion-asked': 'DELETION_IN_PROGRESS',
    },
  },
  CREATION_FAILED: {
    work: 'nothing',
    on: { 'deletion-asked': 'DELETION_IN_PROGRESS' },
  },
  RUNNING: {
    work: 'keep-running',
    on: {
      started: 'RUNNING',
      demoted: 'REPLICA',
      failed: 'CRITICAL_ACTION_REQUIRED',
      'key-lost': 'CRITICAL_ACTION_REQUIRED',
      'reboot-asked': 'REBOOT_IN_PROGRESS',
      'deletion-asked': 'DELETION_IN_PROGRESS',
    },
  },
  REBOOT_IN_PROGRESS: {
    work: 'restart',
    on: {
      started: 'RUNNING',
      replicating: 'REPLICA',
      demoted: 'REPLICA',
      promoted: 'REBOOT_IN_PROGRESS',
      failed: 'CRITICAL_ACTION_REQUIRED',
      'key-lost': 'CRITICAL_ACTION_REQUIRED',
      'deletion-asked': 'DELETION_IN_PROGRESS',
    },
  },
  CRITICAL_ACTION_REQUIRED: {
    work: 'heal',
    on: {
      started: 'RUNNING',
      replicating: 'REPLICA',
      demoted: 'REPLICA',
      promoted: 'REBOOT_IN_PROGRESS',
      failed: 'CRITICAL_ACTION_REQUIRED',
      'key-lost': 'CRITICAL_ACTION_REQUIRED',
      // Refused if the key is lost. See broker-commands.ts.
      'reboot-asked': 'REBOOT_IN_PROGRESS',
      'deletion-asked': 'DELETION_IN_PROGRESS',
    },
  },
  REPLICA: {
    work: 'replicate',
    on: {
      replicating: 'REPLICA',
      promoted: 'REBOOT_IN_PROGRESS',
      failed: 'CRITICAL_ACTION_REQUIRED',
      'key-lost': 'CRITICAL_ACTION_REQUIRED',
      'reboot-asked': 'REBOOT_IN_PROGRESS',
      'deletion-asked': 'DELETION_IN_PROGRESS',
    },
  },
  DELETION_IN_PROGRESS: {
    work: 'delete',
    on: { 'deletion-asked': 'DELETION_IN_PROGRESS' },
  },
};

/** The state to which an event leads; undefined if the event does not apply in this state. */
export function nextState(state: BrokerState, event: BrokerEvent): BrokerState | undefined {
  return lifecycle[state].on[event];
}

/** The work that a state requires. */
export function workOf(state: BrokerState): Work {
  return lifecycle[state].work;
}

// What remains of a control plane in tests when its process ends.

import { createSecretKey } from 'node:crypto';
import type { OutsideBuckets } from '../../src/audit/trails/outside-buckets.ts';
import type { AccessKey } from '../../src/aws/signing/authenticate.ts';
import { systemRandom } from '../../src/base/random.ts';
import type { BrokerKind } from '../../src/control/offers/offer.ts';
import type { PrincipalPolicySource } from '../../src/identity/policies/principal-policies.ts';
import type { OutsideProviderSettings } from '../../src/server/sign-in/outside-provider.ts';
import type { Folders } from './fake-engine.ts';
import { ManualClock } from './manual-clock.ts';
import { MemoryDisk } from './memory-disk.ts';
import { SyncingLog } from './memory-state.ts';

/** The parts that survive a process: disk, clock, keys; and when the next process ends. */
export class Machine {
  readonly clock = new ManualClock();
  readonly folders: Folders = new Map();
  /** The files of trails. */
  readonly trailDisk = new MemoryDisk();
  readonly wrappingKey = createSecretKey(systemRandom.bytes(32));
  readonly sealingKey = createSecretKey(systemRandom.bytes(32));
  readonly digestKey = createSecretKey(systemRandom.bytes(32));
  /** The disk with the secrets of the keys. */
  secretsDisk = new MemoryDisk();
  keyEffectDelayMs = 0;
  /** Whether instance types have their limits. */
  hasInstanceLimits = false;
  /** The authorities of identity providers, PEM. */
  authorities: string | undefined = undefined;
  /** The provider with which people sign in. */
  outsideProvider: OutsideProviderSettings | undefined = undefined;
  /** Buckets to which files of trails are copied. */
  outsideBuckets: OutsideBuckets | undefined = undefined;
  /** The policies of the callers, if they are not those of the accounts. */
  principals: PrincipalPolicySource | undefined = undefined;
  /** The access keys of callers besides the root user. */
  readonly accessKeys = new Map<string, AccessKey>();
  /** The kinds of brokers that the machine's engine runs. */
  readonly kinds: readonly BrokerKind[];
  log = new SyncingLog();
  /** PipelineHooks that the process passed; see {@link endAt}. */
  steps = 0;
  /** The process ends at this step, as by SIGKILL; undefined: it does not. */
  endAt: number | undefined = undefined;

  constructor(
    kinds: readonly BrokerKind[] = [{ engineType: 'RABBITMQ', deploymentMode: 'SINGLE_INSTANCE' }],
  ) {
    this.kinds = kinds;
  }
}

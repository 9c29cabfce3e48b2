// What survives a process of a control plane in tests.

import { createSecretKey } from 'node:crypto';
import type { TextInspection } from '../../src/aws/pipeline/text-inspection.ts';
import type { AccessKey } from '../../src/aws/signing/authenticate.ts';
import { systemRandom } from '../../src/base/random.ts';
import type { BrokerKind } from '../../src/control/offers/offer.ts';
import type { PrincipalPolicySource } from '../../src/identity/policies/principal-policies.ts';
import { textInspection } from '../../src/server/sensitive-names/text-inspection.ts';
import type { SensitiveNamesMode } from '../../src/server/settings.ts';
import type { OutsideProviderSettings } from '../../src/server/sign-in/outside-provider.ts';
import { type TestCertificates, testCertificates } from './certificates.ts';
import type { Folders } from './fake-engine.ts';
import { ManualClock } from './manual-clock.ts';
import { MemoryDisk } from './memory-disk.ts';
import { SyncingLog } from './memory-state.ts';

let certificates: Promise<TestCertificates> | undefined;

/** The certificates of the control plane, and of identity providers in tests. */
export function planeCertificates(): Promise<TestCertificates> {
  certificates ??= testCertificates();
  return certificates;
}

/** What survives a process: disk, clock, keys; and when the next process ends. */
export class Machine {
  readonly clock = new ManualClock();
  readonly folders: Folders = new Map();
  /** The files of trails. */
  readonly trailDisk = new MemoryDisk();
  readonly wrappingKey = createSecretKey(systemRandom.bytes(32));
  readonly sealingKey = createSecretKey(systemRandom.bytes(32));
  readonly digestKey = createSecretKey(systemRandom.bytes(32));
  keyEffectDelayMs = 0;
  /** The authorities of identity providers, PEM. */
  authorities: string | undefined = undefined;
  /** The provider with which people sign in. */
  outsideProvider: OutsideProviderSettings | undefined = undefined;
  /** The policies of the callers, if they are not those of the accounts. */
  principals: PrincipalPolicySource | undefined = undefined;
  /** The access keys of callers besides the root user. */
  readonly accessKeys = new Map<string, AccessKey>();
  /** The kinds of brokers that the machine's engine runs. */
  readonly kinds: readonly BrokerKind[];
  log = new SyncingLog();
  steps = 0;
  /** The process ends at this step, as by SIGKILL; undefined: it does not. */
  endAt: number | undefined = undefined;

  constructor(
    kinds: readonly BrokerKind[] = [{ engineType: 'RABBITMQ', deploymentMode: 'SINGLE_INSTANCE' }],
  ) {
    this.kinds = kinds;
  }
}

/** Inspects the texts of calls, in the mode of the moment. */
export function inspectionOf(plane: {
  readonly sensitiveNames: SensitiveNamesMode;
}): TextInspection {
  const found = textInspection({ sensitiveNames: 'warn', personNames: [] });
  return {
    get isRefusing() {
      return plane.sensitiveNames === 'reject';
    },
    find: async (fields) =>
      plane.sensitiveNames === 'off' ? [] : ((await found?.find(fields)) ?? []),
  };
}

// Composition of the administration service.

import type { AdministrationParts } from '../../api/administration/parts.ts';
import { assert } from '../../base/assert.ts';
import { systemClock } from '../../base/clock.ts';
import { systemRandom } from '../../base/random.ts';
import type { Control } from '../../control/control.ts';
import type { BrokerLogs } from '../../logs/broker-logs.ts';
import { tls12Counts } from '../advice/tls-counts.ts';
import { Backups } from '../backups/backups.ts';
import { release } from '../backups/release.ts';
import type { ServiceLocation, SystemState } from '../compose.ts';
import type { Settings } from '../settings.ts';
import { administrationParts } from './administration.ts';

/** Connects the advice, the rotation of secrets, and backups. */
export function composeAdministration(
  settings: Settings,
  state: SystemState,
  control: Control,
  location: ServiceLocation,
  logs: BrokerLogs,
  newConsoleCode: AdministrationParts['newConsoleCode'],
): AdministrationParts {
  const { handshakes, hosts, publicCertificates, region, accountId } = location;
  const { installation, iam, identity, brokers, configurations, kms } = state;
  const keys = kms.journal;
  const tls = () => tls12Counts(control.engines, handshakes());
  const backups = new Backups({
    folder: settings.folder,
    control,
    configurations,
    openSecret: (...of) => state.openSecret(...of),
    serviceKey: state.backupKey,
    volumes: {
      log: () => {
        assert(state.log !== undefined, 'the system volume is not open');
        return state.log;
      },
      secrets: state.keySecrets,
      freezeLogs: () => logs.freeze(),
    },
    region,
    accountId,
    release,
    clock: systemClock,
    random: systemRandom,
  });
  backups.removeLeft().catch(() => {}); // the next start tries again
  return administrationParts({
    installation,
    control,
    advice: {
      iam,
      identity,
      brokers,
      configurations,
      keys,
      settings,
      publicCertificates,
      tls12Counts: tls,
    },
    backups,
    hosts,
    newConsoleCode,
    clock: systemClock,
    random: systemRandom,
  });
}

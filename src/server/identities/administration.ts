// The parts of the administration service.

import type { BackupOperations } from '../../api/administration/backup-parts.ts';
import type { AdministrationParts, Rotation } from '../../api/administration/parts.ts';
import { AwsError } from '../../aws/errors.ts';
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import type { Control } from '../../control/control.ts';
import { hashRandomPassword } from '../../crypto/password.ts';
import type { Entry } from '../../storage/journal.ts';
import type { AdviceParts } from '../advice/advice-parts.ts';
import { brokerHandshakes } from '../advice/tls-counts.ts';
import { type Installation, newPassword } from '../installation.ts';

/** The parts of the service that administration needs. */
export interface AdministrationOptions {
  readonly installation: Installation;
  readonly control: Pick<Control, 'brokers' | 'engines' | 'supervisor' | 'volumeCommands'>;
  readonly advice: AdviceParts;
  readonly backups: BackupOperations;
  readonly hosts: AdministrationParts['hosts'];
  readonly newConsoleCode: AdministrationParts['newConsoleCode'];
  readonly clock: Clock;
  readonly random: Random;
}

/** Connects the administration service with the installation, the brokers and the advice. */
export function administrationParts(options: AdministrationOptions): AdministrationParts {
  const { installation, advice, clock, random } = options;
  return {
    findings: async (after) => {
      // Loaded by the first question: few services are asked.
      const { findings } = await import('../advice/advice.ts');
      return findings(advice, after, clock.nowMs());
    },
    rotateMetricsToken: (overlapMs) => {
      const previousEndsMs = clock.nowMs() + overlapMs;
      const { token, entries } = installation.replaceMetricsToken(random, previousEndsMs);
      return { secret: token.reveal(), previousEndsMs, changes: changesOf(entries) };
    },
    rotateDefaultBrokerPassword: () => rotatePassword(options),
    control: options.control,
    handshakes: () => brokerHandshakes(options.control.engines),
    backups: options.backups,
    hosts: options.hosts,
    newConsoleCode: options.newConsoleCode,
  };
}

/**
 * The broker learns the password first. If this process ends before the installation does, a further
 * rotation makes both the same again.
 */
async function rotatePassword({
  installation,
  control,
  clock,
  random,
}: AdministrationOptions): Promise<Rotation> {
  const { brokerId = '', username = '' } = installation.defaultBroker ?? {};
  const broker = control.brokers.get(brokerId);
  if (broker === undefined) throw refused("The broker 'default' does not exist.");
  const password = newPassword(random);
  const hash = await hashRandomPassword(password.reveal());
  const isSet = await control.engines.engineFor(broker).setPassword(brokerId, username, hash);
  if (!isSet)
    throw refused(`Broker [${brokerId}] must be RUNNING and have the user [${username}].`);
  const changes = changesOf(installation.replacePassword(password));
  return { secret: password.reveal(), previousEndsMs: clock.nowMs(), changes };
}

function refused(message: string): AwsError {
  return new AwsError('BadRequestException', message);
}

/** The entries of the installation are changes of its journal. */
function changesOf(entries: readonly Entry[]): Rotation['changes'] {
  return entries.filter((entry) => 'journal' in entry);
}

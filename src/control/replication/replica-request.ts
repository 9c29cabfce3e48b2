// The rules for requests for a replica.

import type { BrokerRecord } from '../broker-record.ts';
import type { Brokers } from '../brokers.ts';
import type { AcceptedCreation } from '../creation-request.ts';
import { refuse } from '../rules.ts';
import { replicaIdOf } from './pairs.ts';

const attribute = 'dataReplicationPrimaryBrokerArn';

/** Where the service is. */
export interface Place {
  readonly region: string;
  readonly accountId: string;
}

/**
 * Finds the primary that a request for a replica names, and checks that both can be a pair.
 *
 * @returns undefined if the request is not for a replica
 * @throws {ControlError} 'bad-request'
 */
export function primaryOf(
  accepted: AcceptedCreation,
  brokers: Brokers,
  place: Place,
): BrokerRecord | undefined {
  const { primaryArn: arn } = accepted;
  if (arn === undefined) return undefined;
  const primary = brokers.get(idIn(arn, place));
  if (primary?.arn !== arn) {
    throw refuse(attribute, `Can't find primary broker [${arn}]. Make sure your broker exists.`);
  }
  checkPrimary(primary);
  checkAlike(accepted, primary);
  checkUsers('primary', primary, primary.authenticationStrategy);
  checkUsers('replica', accepted, accepted.authenticationStrategy);
  return primary;
}

function idIn(arn: string, { region, accountId }: Place): string {
  const match = /^arn:aws:mq:([a-z0-9-]{1,40}):(\d{12}):broker:[\w-]{1,50}:(b-[\da-f-]{36})$/.exec(
    arn,
  );
  if (match === null) {
    throw refuse(
      attribute,
      `Primary broker ARN [${arn.slice(0, 200)}] is invalid. It must be ` +
        'arn:aws:mq:REGION:ACCOUNT:broker:NAME:ID.',
    );
  }
  const [, ofRegion, ofAccount, id = ''] = match;
  if (ofRegion === region && ofAccount === accountId) return id;
  throw refuse(
    attribute,
    `Primary broker [${arn}] belongs to another service; this one is account [${accountId}] in ` +
      `region [${region}]. Data can only be replicated between brokers of the same service.`,
  );
}

function checkPrimary(primary: BrokerRecord): void {
  const { id, state, replication } = primary;
  if (state !== 'RUNNING') {
    throw refuse(attribute, `Primary broker [${id}] must be RUNNING; its state is ${state}.`);
  }
  const replicaId = replicaIdOf(primary);
  if (replicaId !== undefined) {
    throw refuse(attribute, `Broker [${id}] already has the replica [${replicaId}].`);
  }
  // Its pair ends at its next reboot.
  if (replication === null && primary.pending.replication === undefined) return;
  throw refuse(attribute, `Broker [${id}] is part of another pair.`);
}

function checkAlike(accepted: AcceptedCreation, primary: BrokerRecord): void {
  const { offer, engineVersion, hostInstanceType, storageType } = accepted;
  const [volume] = primary.volumes;
  const members = [
    ['engineType', offer.engineType, primary.engineType],
    ['deploymentMode', offer.deploymentMode, primary.deploymentMode],
    ['engineVersion', engineVersion, primary.engineVersion],
    ['storageType', storageType, volume?.storageType],
  ] as const;
  for (const [member, asked, present] of members) {
    if (asked === present) continue;
    throw refuse(
      member,
      `The replica has ${member} [${asked}], but its primary broker [${primary.id}] has [${present}].`,
    );
  }
  for (const type of [hostInstanceType, primary.hostInstanceType]) {
    if (type !== 'mq.t3.micro') continue;
    throw refuse(
      'hostInstanceType',
      'Data replication is not supported for host instance type [mq.t3.micro].',
    );
  }
}

function checkUsers(
  role: 'primary' | 'replica',
  { users }: { readonly users: readonly { readonly replicationUser?: boolean | undefined }[] },
  strategy: string,
): void {
  if (strategy === 'LDAP' || users.some(({ replicationUser }) => replicationUser === true)) return;
  throw refuse(
    role === 'primary' ? attribute : 'users',
    `The ${role} broker has no replication user. Data replication requires one on both brokers.`,
  );
}

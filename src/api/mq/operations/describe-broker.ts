// The Amazon MQ operation `DescribeBroker`.

import { operation } from '../../../aws/service.ts';
import type { Infer } from '../../../aws/shapes/shape.ts';
import type { BrokerRecord, LdapRecord } from '../../../control/broker-record.ts';
import { offerOf } from '../../../control/offers/offers.ts';
import type { ReplicationRecord } from '../../../control/replication/replication-record.ts';
import { usersOf } from '../../../control/users/user-decisions.ts';
import { type MqParts, touched } from '../parts.ts';
import { onBroker } from '../permissions.ts';
import { brokerPath, describeBrokerResponse } from '../shapes/brokers.ts';

/** Describes a broker. */
export function describeBroker(parts: MqParts) {
  return operation({
    action: 'mq:DescribeBroker',
    readOnly: true,
    http: { method: 'GET', path: '/v1/brokers/{brokerId}' },
    input: brokerPath,
    output: describeBrokerResponse,
    permissions: onBroker('mq:DescribeBroker', parts),
    handle: ({ brokerId }) => {
      const broker = parts.control.brokers.require(brokerId);
      return { output: description(broker, parts), resources: touched(broker) };
    },
  });
}

function description(broker: BrokerRecord, parts: MqParts): Description {
  const { id, key, pending } = broker;
  const { state, actions } = parts.control.alarms.shown(broker);
  const [volume] = broker.volumes;
  return {
    actionsRequired: actions.map(({ code, info }) => {
      return { actionRequiredCode: code, actionRequiredInfo: info };
    }),
    // Amazon MQ returns the strategy and the storage type in lower case.
    authenticationStrategy: broker.authenticationStrategy.toLowerCase(),
    autoMinorVersionUpgrade: broker.autoMinorVersionUpgrade,
    brokerArn: broker.arn,
    brokerId: id,
    brokerInstances: endpoints(broker, parts),
    brokerName: broker.name,
    brokerState: state,
    configurations: configurations(broker),
    created: broker.createdMs,
    ...replicationOf(broker, parts),
    deploymentMode: broker.deploymentMode,
    // The service-owned key is never shown.
    encryptionOptions:
      key.owner === 'service'
        ? { useAwsOwnedKey: true }
        : { useAwsOwnedKey: false, kmsKeyId: key.arn },
    engineType: offerOf(broker).engineName,
    engineVersion: broker.engineVersion,
    hostInstanceType: broker.hostInstanceType,
    ldapServerMetadata: broker.ldap ? withoutPassword(broker.ldap) : undefined,
    logs: logs(broker),
    maintenanceWindowStartTime: maintenanceWindow(broker),
    pendingAuthenticationStrategy: pending.authenticationStrategy?.toLowerCase(),
    pendingEngineVersion: pending.engineVersion,
    pendingHostInstanceType: pending.hostInstanceType,
    pendingLdapServerMetadata: pending.ldap ? withoutPassword(pending.ldap) : undefined,
    pendingStorageSize: pending.storageSizeGb,
    publiclyAccessible: broker.publiclyAccessible,
    securityGroups: broker.securityGroups,
    storageSize: broker.storageSizeGb ?? undefined,
    storageType: volume?.storageType.toLowerCase(),
    subnetIds: broker.subnetIds,
    tags: broker.tags,
    users: users(broker),
  };
}

/** The members of answers that describe the pair of a broker. */
interface ShownReplication
  extends Pick<Description, 'dataReplicationMetadata' | 'pendingDataReplicationMetadata'> {
  readonly dataReplicationMode: 'NONE' | 'CRDR';
  readonly pendingDataReplicationMode?: 'NONE' | 'CRDR';
}

/** The pair of a broker, and what is pending for it. */
export function replicationOf(
  { replication: present, pending }: BrokerRecord,
  { control: { brokers }, region }: MqParts,
): ShownReplication {
  const modeOf = (record: ReplicationRecord | null) => (record === null ? 'NONE' : 'CRDR');
  const metadataOf = (record: ReplicationRecord | null) =>
    record === null
      ? undefined
      : {
          dataReplicationRole: record.role,
          dataReplicationCounterpart: { brokerId: record.counterpartId, region },
        };
  // A replica leaves its pair when its primary does.
  const primary = present?.role === 'REPLICA' ? brokers.get(present.counterpartId) : undefined;
  const waiting = primary?.pending.replication === null ? null : pending.replication;
  return {
    dataReplicationMode: modeOf(present),
    dataReplicationMetadata: metadataOf(present),
    ...(waiting !== undefined && {
      pendingDataReplicationMode: modeOf(waiting),
      pendingDataReplicationMetadata: metadataOf(waiting),
    }),
  };
}

/** One entry for each endpoint whose ports are known. */
function endpoints(
  broker: BrokerRecord,
  { endpoints: of, brokerAddress, consoleUrl }: MqParts,
): Description['brokerInstances'] {
  const { endpointCount, hasAddress, listeners } = offerOf(broker);
  const urlsOf = (endpoint: number, isManagement: boolean) =>
    listeners
      .filter((listener) => (listener.isManagement ?? false) === isManagement)
      .flatMap(({ name, scheme }) => {
        const authority = of.authorityOf(broker, name, endpoint);
        return authority === undefined ? [] : [`${scheme}://${authority}`];
      });
  return Array.from({ length: endpointCount }, (_, i) => i + 1)
    .map((endpoint) => ({
      consoleURL: urlsOf(endpoint, true)[0] ?? consoleUrl(),
      endpoints: urlsOf(endpoint, false),
      ipAddress: hasAddress ? brokerAddress : undefined,
    }))
    .filter(({ endpoints: urls }) => urls.length > 0);
}

/** Undefined if the broker has never had a configuration. */
function configurations(broker: BrokerRecord): Description['configurations'] {
  const { configuration, configurationHistory: history, pending } = broker;
  if (configuration === null && pending.configuration === undefined) return undefined;
  return {
    current: configuration ?? undefined,
    history,
    pending: pending.configuration,
  };
}

/** The LDAP settings without the password, which is never returned. */
function withoutPassword({ sealedServiceAccountPassword: _, ...shown }: LdapRecord) {
  return shown;
}

function logs({ id, generalLog, auditLog, pending }: BrokerRecord): Description['logs'] {
  const group = `/aws/amazonmq/broker/${id}`;
  const waiting = {
    ...(pending.generalLog !== undefined && { general: pending.generalLog }),
    ...(pending.auditLog !== undefined && { audit: pending.auditLog }),
  };
  return {
    general: generalLog,
    generalLogGroup: `${group}/general`,
    ...(auditLog !== null && { audit: auditLog, auditLogGroup: `${group}/audit` }),
    ...(Object.keys(waiting).length > 0 && { pending: waiting }),
  };
}

/** Users of a RabbitMQ broker are managed in the broker and are not listed here. */
function users(broker: BrokerRecord): Description['users'] {
  if (!offerOf(broker).rules.users.hasGroups) return [];
  return usersOf(broker).map(({ username, pendingChange }) => ({ username, pendingChange }));
}

type Description = Infer<typeof describeBrokerResponse>;

function maintenanceWindow({
  maintenanceWindow: window,
}: BrokerRecord): Description['maintenanceWindowStartTime'] {
  const { timeOfDay, timeZone } = window;
  // The day was validated when the request was read.
  return { dayOfWeek: window.dayOfWeek as 'SUNDAY', timeOfDay, timeZone };
}

// The conversion of broker records of earlier releases.

import type {
  BrokerChange,
  BrokerRecord,
  BrokerUpdate,
  PortRecord,
  VolumeRecord,
} from './broker-record.ts';

/*
 * Release 0.1.0 stored one volume, one instance and one grant of the service in separate members.
 * Such records, and records without members that were added later, are converted when they are read.
 */

/** The members of a record of release 0.1.0 that have moved. */
interface FirstMembers {
  readonly grants: { readonly service: string; readonly volume: string | null };
  readonly volumeId: string;
  readonly hasVolume: boolean;
  readonly epoch: number;
  readonly mountedEpoch: number;
  /** The ports of the last start, by listener. */
  readonly ports: Readonly<Record<string, number>>;
  /** The preferred ports, by listener; missing in the earliest records. */
  readonly wantedPorts?: Readonly<Record<string, number>>;
}

/** Members that release 0.1.0 did not have. */
type LaterMembers =
  | 'volumes'
  | 'instances'
  | 'grants'
  | 'ports'
  | 'authenticationStrategy'
  | 'auditLog'
  | keyof typeof addedMembers;

/** Members that were added later, with the values for records without them. */
const addedMembers = {
  ldap: null,
  configuration: null,
  configurationHistory: [],
  windowMoves: null,
  storageSizeGb: null,
  keyChange: null,
  formerKeys: [],
  rekeying: null,
  replication: null,
} as const satisfies Partial<BrokerRecord>;

/** A broker's record in the format of release 0.1.0. */
export type FirstRecord = Omit<BrokerRecord, LaterMembers> & FirstMembers;

/** An update in the format of release 0.1.0. */
export type FirstUpdate = Partial<Omit<FirstRecord, 'id'>>;

/** A change of the journal of brokers, in the format of this or an earlier release. */
export type StoredChange =
  | BrokerChange
  | { readonly created: FirstRecord }
  | { readonly updated: string; readonly set: FirstUpdate };

/** Converts a record to the current format. */
export function currentRecord(record: BrokerRecord | FirstRecord): BrokerRecord {
  if (!('volumeId' in record)) return { ...addedMembers, ...record };
  const { volumeId, hasVolume, epoch, mountedEpoch, ports, wantedPorts, grants, ...rest } = record;
  const volume = { id: volumeId, storageType: 'EBS', grantId: grants.volume } as const;
  return {
    ...addedMembers,
    ...rest,
    authenticationStrategy: 'SIMPLE',
    auditLog: null,
    grants: [{ name: 'mq_grant', id: grants.service }],
    volumes: [{ ...volume, isMade: hasVolume, epoch, mountedEpoch }],
    instances: [{ number: 1, volumeId }],
    ports: portList(ports, wantedPorts ?? ports),
  };
}

/**
 * Converts an update to the current format.
 *
 * @param broker the record that it changes, in the current format
 */
export function currentUpdate(broker: BrokerRecord, set: BrokerUpdate | FirstUpdate): BrokerUpdate {
  if (!isFirst(set)) return set;
  const { grants, hasVolume, epoch, mountedEpoch, ports, wantedPorts, volumeId: _, ...rest } = set;
  const change: Partial<VolumeRecord> = {
    ...(grants && { grantId: grants.volume }),
    ...(hasVolume !== undefined && { isMade: hasVolume }),
    ...(epoch !== undefined && { epoch }),
    ...(mountedEpoch !== undefined && { mountedEpoch }),
  };
  return {
    ...rest,
    ...(grants && { grants: [{ name: 'mq_grant', id: grants.service }] }),
    volumes: broker.volumes.map((volume) => ({ ...volume, ...change })),
    ...(ports && { ports: portList(ports, wantedPorts ?? ports) }),
  };
}

function isFirst(set: BrokerUpdate | FirstUpdate): set is FirstUpdate {
  const { grants, ports } = set;
  return (
    (grants !== undefined && !Array.isArray(grants)) ||
    (ports !== undefined && !Array.isArray(ports)) ||
    'hasVolume' in set ||
    'epoch' in set ||
    'mountedEpoch' in set
  );
}

function portList(
  ports: Readonly<Record<string, number>>,
  wantedPorts: Readonly<Record<string, number>>,
): PortRecord[] {
  return Object.entries(ports).map(([listener, port]) => {
    return { listener, endpoint: 1, port, wantedPort: wantedPorts[listener] ?? port };
  });
}

// The operations that make and restore backups.

import { operation } from '../../../aws/service.ts';
import {
  blob,
  boolean,
  enumeration,
  freeText,
  long,
  required,
  string,
  structure,
  timestamp,
} from '../../../aws/shapes/shape.ts';
import { ControlError } from '../../../control/errors.ts';
import { onBroker, touched } from '../broker-resources.ts';
import type { AdministrationParts } from '../parts.ts';

const creating = 'waxwing:CreateBackup';
const restoring = 'waxwing:RestoreBroker';
const sessionId = required(string({ min: 16, max: 16 }));
const offset = required(long({ min: 0 }));
/** SHA-256, hexadecimal. */
const hash = string({ min: 64, max: 64 });
/** Maximum size of a part that a call sends, bytes. With base64, a body has less than 1 MiB. */
const sentBytesMax = 512 * 1024;
/** Maximum size of the beginning of a backup, bytes. */
const beginningBytesMax = 72 * 1024;

/** Begins a backup of a broker, or of the whole service. */
export function createBackup({ backups, control: { volumeCommands } }: AdministrationParts) {
  const find = (named: string | undefined) =>
    named === undefined ? undefined : volumeCommands.find(named);
  return operation({
    action: creating,
    readOnly: false,
    http: { method: 'POST', path: '/waxwing/v1/backups' },
    input: structure({
      scope: required(enumeration(['BROKER', 'SERVICE'])),
      broker: string({ max: 256 }),
    }),
    output: structure({
      backupId: required(string()),
      createdAt: required(timestamp('date-time')),
      sizeBytes: required(long()),
    }),
    permissions: ({ broker }) => [onBroker(creating, find(broker))],
    failedResources: ({ broker }) => touched(find(broker)),
    handle: async ({ scope, broker: named }, context) => {
      if ((scope === 'BROKER') !== (named !== undefined)) {
        const text = 'A backup of scope BROKER names a broker, and one of scope SERVICE does not.';
        throw new ControlError('bad-request', text, 'broker');
      }
      const broker = named === undefined ? undefined : volumeCommands.require(named);
      const { createdMs, ...begun } = await backups.create(broker, context);
      return { output: { ...begun, createdAt: createdMs }, resources: touched(broker) };
    },
  });
}

/** Reads the next part of a backup. The trail records its begin and its completion. */
export function readBackup({ backups }: AdministrationParts) {
  return operation({
    action: creating,
    readOnly: true,
    isRecorded: 'failures',
    http: { method: 'POST', path: '/waxwing/v1/backups/{backupId}/read' },
    input: structure({ backupId: sessionId, offset }),
    output: structure({
      data: required(blob()),
      isLast: required(boolean()),
      sha256: hash,
    }),
    permissions: ({ backupId }) => [onBroker(creating, backups.brokerOf(backupId))],
    handle: async ({ backupId, offset: at }, context) => {
      return { output: await backups.read(backupId, at, context) };
    },
  });
}

/** Ends a backup that the caller has written, synced and read back. */
export function completeBackup({ backups }: AdministrationParts) {
  return operation({
    action: creating,
    readOnly: false,
    http: { method: 'POST', path: '/waxwing/v1/backups/{backupId}/complete' },
    input: structure({ backupId: sessionId, sha256: required(hash) }),
    output: structure({}),
    permissions: ({ backupId }) => [onBroker(creating, backups.brokerOf(backupId))],
    failedResources: ({ backupId }) => touched(backups.brokerOf(backupId)),
    handle: ({ backupId, sha256 }, context) => {
      const { broker, createdMs, fileBytes } = backups.complete(backupId, sha256, context);
      const createdAt = new Date(createdMs).toISOString();
      return {
        output: {},
        resources: touched(broker),
        additionalEventData: { createdAt, fileBytes },
      };
    },
  });
}

/** Ends a backup that the caller does not complete. */
export function abandonBackup({ backups }: AdministrationParts) {
  return operation({
    action: creating,
    readOnly: false,
    http: { method: 'POST', path: '/waxwing/v1/backups/{backupId}/abandon' },
    input: structure({ backupId: sessionId }),
    output: structure({}),
    permissions: ({ backupId }) => [onBroker(creating, backups.brokerOf(backupId))],
    failedResources: ({ backupId }) => touched(backups.brokerOf(backupId)),
    handle: async ({ backupId }, context) => {
      const resources = touched(backups.brokerOf(backupId));
      await backups.abandon(backupId, context);
      return { output: {}, resources };
    },
  });
}

/** Begins to restore a broker, or to verify its backup. */
export function beginRestore({ backups }: AdministrationParts) {
  return operation({
    action: restoring,
    readOnly: false,
    http: { method: 'POST', path: '/waxwing/v1/restores' },
    input: structure({
      beginning: required(blob({ max: beginningBytesMax })),
      brokerName: freeText('broker name', string({ max: 256 })),
      kmsKeyId: string({ min: 1, max: 2048 }),
      isDryRun: required(boolean()),
    }),
    output: structure({
      restoreId: required(string()),
      offset: required(long()),
      backupCreatedAt: required(timestamp('date-time')),
      backupBrokerName: required(string()),
      backupBrokerId: required(string()),
    }),
    permissions: () => [
      { action: restoring, resources: [] },
      { action: 'mq:CreateBroker', resources: [] },
    ],
    handle: async ({ beginning, brokerName: name, kmsKeyId, isDryRun }, context) => {
      const begun = await backups.beginRestore({ beginning, name, kmsKeyId, isDryRun }, context);
      return {
        output: {
          restoreId: begun.restoreId,
          offset: begun.offset,
          backupCreatedAt: begun.createdMs,
          backupBrokerName: begun.brokerName,
          backupBrokerId: begun.brokerId,
        },
      };
    },
  });
}

const progress = structure({
  state: required(string()),
  doneBytes: required(long()),
  problem: string(),
});

/** Sends the next part of a backup. The trail records the begin and the completion. */
export function writeRestore({ backups }: AdministrationParts) {
  return operation({
    action: restoring,
    readOnly: true,
    isRecorded: 'failures',
    http: { method: 'POST', path: '/waxwing/v1/restores/{restoreId}/write' },
    input: structure({
      restoreId: sessionId,
      offset,
      data: required(blob({ max: sentBytesMax })),
      isLast: required(boolean()),
    }),
    output: progress,
    handle: async ({ restoreId, ...part }, context) => {
      return { output: await backups.writeRestore(restoreId, part, context) };
    },
  });
}

/** Describes the progress of the verification of a backup. */
export function describeRestore({ backups }: AdministrationParts) {
  return operation({
    action: restoring,
    readOnly: true,
    isRecorded: 'failures',
    http: { method: 'POST', path: '/waxwing/v1/restores/{restoreId}' },
    input: structure({ restoreId: sessionId }),
    output: progress,
    handle: ({ restoreId }, context) => ({ output: backups.restoreProgress(restoreId, context) }),
  });
}

/** Ends a restoration that the caller does not complete. */
export function abandonRestore({ backups }: AdministrationParts) {
  return operation({
    action: restoring,
    readOnly: false,
    http: { method: 'POST', path: '/waxwing/v1/restores/{restoreId}/abandon' },
    input: structure({ restoreId: sessionId }),
    output: structure({}),
    handle: async ({ restoreId }, context) => {
      await backups.abandonRestore(restoreId, context);
      return { output: {} };
    },
  });
}

/** Creates the broker of a verified backup. */
export function completeRestore({ backups, control }: AdministrationParts) {
  return operation({
    action: restoring,
    readOnly: false,
    http: { method: 'POST', path: '/waxwing/v1/restores/{restoreId}/complete' },
    input: structure({ restoreId: sessionId }),
    output: structure({ brokerId: string(), brokerArn: string() }),
    permissions: () => [
      { action: restoring, resources: [] },
      { action: 'mq:CreateBroker', resources: [] },
    ],
    handle: async ({ restoreId }, context) => {
      const decide = await backups.completeRestore(restoreId, context);
      return () => {
        const { value: broker, changes, createdMs } = decide();
        return {
          output: { brokerId: broker?.id, brokerArn: broker?.arn },
          changes,
          resources: touched(broker),
          additionalEventData: { backupCreatedAt: new Date(createdMs).toISOString() },
          committed: () => broker && control.supervisor.wake(broker.id),
        };
      };
    },
  });
}

// The administration service: advice, the rotation of the secrets of the first start, the keys of
// volumes, the TLS of connections, backups, hosts of clusters, results of drills, and codes for the web
// console.

import { AwsError } from '../../aws/errors.ts';
import type { Service } from '../../aws/service.ts';
import { ControlError, type ControlErrorCode } from '../../control/errors.ts';
import {
  abandonBackup,
  abandonRestore,
  beginRestore,
  completeBackup,
  completeRestore,
  createBackup,
  describeRestore,
  readBackup,
  writeRestore,
} from './operations/backups.ts';
import { createConsoleCode } from './operations/console-codes.ts';
import { createJoinToken, listHosts, removeHost, replaceNode } from './operations/hosts.ts';
import { listAdvice } from './operations/list-advice.ts';
import { recordDrills } from './operations/record-drills.ts';
import { rotateDefaultBrokerPassword, rotateMetricsToken } from './operations/rotations.ts';
import { describeTransport } from './operations/transport.ts';
import { describeVolume, rebuildVolume, rekeyVolume, rewrapVolume } from './operations/volumes.ts';
import type { AdministrationParts } from './parts.ts';

const answers: Readonly<Record<ControlErrorCode, readonly [string, number]>> = {
  'bad-request': ['BadRequestException', 400],
  'not-found': ['NotFoundException', 404],
  conflict: ['ConflictException', 409],
  'not-answering': ['ServiceUnavailableException', 503],
};

/** The administration of this installation. This is not an AWS API. */
export function administrationService(parts: AdministrationParts): Service {
  return {
    name: 'waxwing-administration',
    wires: ['rest-json'],
    eventSource: 'waxwing.local',
    apiVersion: '1',
    operations: {
      CreateConsoleCode: createConsoleCode(parts),
      CreateJoinToken: createJoinToken(parts),
      ListHosts: listHosts(parts),
      RemoveHost: removeHost(parts),
      ReplaceNode: replaceNode(parts),
      ListAdvice: listAdvice(parts),
      RotateDefaultBrokerPassword: rotateDefaultBrokerPassword(parts),
      RotateMetricsToken: rotateMetricsToken(parts),
      RecordDrills: recordDrills(),
      DescribeTransport: describeTransport(parts),
      DescribeVolume: describeVolume(parts),
      RebuildVolume: rebuildVolume(parts),
      RewrapVolume: rewrapVolume(parts),
      RekeyVolume: rekeyVolume(parts),
      CreateBackup: createBackup(parts),
      ReadBackup: readBackup(parts),
      CompleteBackup: completeBackup(parts),
      AbandonBackup: abandonBackup(parts),
      AbandonRestore: abandonRestore(parts),
      BeginRestore: beginRestore(parts),
      WriteRestore: writeRestore(parts),
      DescribeRestore: describeRestore(parts),
      CompleteRestore: completeRestore(parts),
    },
    translate: (error) => {
      if (!(error instanceof ControlError)) return undefined;
      const [code, status] = answers[error.code];
      return new AwsError(code, error.message, { status, cause: error });
    },
  };
}

// The operations on volumes and their data keys.

import { operation } from '../../../aws/service.ts';
import { boolean, integer, list, required, string, structure } from '../../../aws/shapes/shape.ts';
import type { BrokerRecord } from '../../../control/broker-record.ts';
import { onBroker, touched } from '../broker-resources.ts';
import type { AdministrationParts } from '../parts.ts';

/** The id or the name of a broker. */
const broker = required(string({ max: 256 }));

/** The id of a volume. */
const volumeId = required(string({ min: 1, max: 64 }));

const answer = structure({
  brokerId: required(string()),
  brokerName: required(string()),
  /** The ARN of the KMS key under which the data keys are wrapped. */
  kmsKeyId: required(string()),
  /** The ARN of the KMS key under which they are being wrapped. */
  newKmsKeyId: string(),
  isRekeying: required(boolean()),
});

function answerOf({ id, name, key, keyChange, rekeying }: BrokerRecord) {
  return {
    brokerId: id,
    brokerName: name,
    kmsKeyId: key.arn,
    newKmsKeyId: keyChange?.key.arn,
    isRekeying: rekeying !== null,
  };
}

/** Describes the data keys of a running broker, and the progress of changes. */
export function describeVolume({ control: { volumeCommands } }: AdministrationParts) {
  const action = 'waxwing:DescribeVolume';
  return operation({
    action,
    readOnly: true,
    http: { method: 'POST', path: '/waxwing/v1/brokers/{broker}/volume' },
    input: structure({ broker }),
    output: structure({
      broker: required(answer),
      volumes: required(
        list(
          structure({
            volumeId: required(string()),
            generation: required(integer()),
            olderGenerations: required(list(integer())),
            /** Approximate bytes under older generations, and of all data. */
            olderBytes: required(integer()),
            totalBytes: required(integer()),
          }),
        ),
      ),
    }),
    permissions: ({ broker: named }) => [onBroker(action, volumeCommands.find(named))],
    failedResources: ({ broker: named }) => touched(volumeCommands.find(named)),
    handle: async ({ broker: named }) => {
      const { broker: found, volumes } = await volumeCommands.describe(named);
      return {
        output: { broker: answerOf(found), volumes: [...volumes] },
        resources: touched(found),
      };
    },
  });
}

/** Begins to wrap the data keys of a running broker under another KMS key. */
export function rewrapVolume({ control }: AdministrationParts) {
  const { volumeCommands, supervisor } = control;
  const action = 'waxwing:RewrapVolume';
  return operation({
    action,
    readOnly: false,
    http: { method: 'POST', path: '/waxwing/v1/brokers/{broker}/volume/rewrap' },
    input: structure({ broker, kmsKeyId: required(string({ min: 1, max: 2048 })) }),
    output: answer,
    permissions: ({ broker: named }) => [onBroker(action, volumeCommands.find(named))],
    failedResources: ({ broker: named }) => touched(volumeCommands.find(named)),
    handle: async ({ broker: named, kmsKeyId }, context) => {
      const decide = await volumeCommands.rewrap(named, kmsKeyId, context);
      return () => {
        const { value, changes } = decide();
        return {
          output: answerOf(value),
          changes,
          resources: touched(value),
          committed: () => supervisor.wake(value.id),
        };
      };
    },
  });
}

/** Begins to seal the data of a running broker under a new data key. */
export function rekeyVolume({ control }: AdministrationParts) {
  const { volumeCommands, supervisor } = control;
  const action = 'waxwing:RekeyVolume';
  return operation({
    action,
    readOnly: false,
    http: { method: 'POST', path: '/waxwing/v1/brokers/{broker}/volume/rekey' },
    input: structure({ broker }),
    output: answer,
    permissions: ({ broker: named }) => [onBroker(action, volumeCommands.find(named))],
    failedResources: ({ broker: named }) => touched(volumeCommands.find(named)),
    handle: async ({ broker: named }) => {
      const decide = await volumeCommands.rekey(named);
      return () => {
        const { value, changes } = decide();
        return {
          output: answerOf(value),
          changes,
          resources: touched(value),
          committed: () => supervisor.wake(value.id),
        };
      };
    },
  });
}

/** Begins to create a volume of a cluster anew, and to fill it from the others. */
export function rebuildVolume({ control: { volumeCommands, supervisor } }: AdministrationParts) {
  const action = 'waxwing:RebuildVolume';
  return operation({
    action,
    readOnly: false,
    http: { method: 'POST', path: '/waxwing/v1/brokers/{broker}/volume/rebuild' },
    input: structure({ broker, volumeId }),
    output: answer,
    permissions: ({ broker: named }) => [onBroker(action, volumeCommands.find(named))],
    failedResources: ({ broker: named }) => touched(volumeCommands.find(named)),
    handle: ({ broker: named, volumeId: id }) => {
      const { value, changes } = volumeCommands.rebuild(named, id);
      return {
        output: answerOf(value),
        changes,
        resources: touched(value),
        committed: () => supervisor.wake(value.id),
      };
    },
  });
}

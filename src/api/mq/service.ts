// The Amazon MQ service.

import { AwsError } from '../../aws/errors.ts';
import type { Service } from '../../aws/service.ts';
import { ControlError, type ControlErrorCode } from '../../control/errors.ts';
import { configurationOperations } from './operations/configurations.ts';
import { createBroker } from './operations/create-broker.ts';
import { deleteBroker } from './operations/delete-broker.ts';
import { describeBroker } from './operations/describe-broker.ts';
import { listBrokers } from './operations/list-brokers.ts';
import { describeBrokerEngineTypes, describeBrokerInstanceOptions } from './operations/offers.ts';
import { promote } from './operations/promote.ts';
import { rebootBroker } from './operations/reboot-broker.ts';
import { describeSharedResources } from './operations/shared-resources.ts';
import { createTags, deleteTags, listTags } from './operations/tags.ts';
import { updateBroker } from './operations/update-broker.ts';
import { userOperations } from './operations/users.ts';
import { type MqParts, withResource } from './parts.ts';

const answers: Readonly<Record<ControlErrorCode, readonly [code: string, status: number]>> = {
  'bad-request': ['BadRequestException', 400],
  'not-found': ['NotFoundException', 404],
  conflict: ['ConflictException', 409],
  'not-answering': ['InternalServerErrorException', 500],
};

/** The Amazon MQ API over the control plane. */
export function mqService(parts: MqParts): Service {
  const operations = Object.entries(operationsOf(parts)).map(
    ([name, operation]) => [name, withResource(parts, operation)] as const,
  );
  return {
    name: 'mq',
    wires: ['rest-json'],
    eventSource: 'amazonmq.amazonaws.com',
    apiVersion: '2017-11-27',
    operations: Object.fromEntries(operations),
    translate: (error) => {
      if (!(error instanceof ControlError)) return undefined;
      const [code, status] = answers[error.code];
      const members = error.attribute === undefined ? {} : { errorAttribute: error.attribute };
      return new AwsError(code, error.message, { status, members, cause: error });
    },
  };
}

function operationsOf(parts: MqParts): Service['operations'] {
  return {
    CreateBroker: createBroker(parts),
    DescribeBroker: describeBroker(parts),
    ListBrokers: listBrokers(parts),
    UpdateBroker: updateBroker(parts),
    DeleteBroker: deleteBroker(parts),
    RebootBroker: rebootBroker(parts),
    Promote: promote(parts),
    DescribeSharedResources: describeSharedResources(parts),
    ...userOperations(parts),
    ...configurationOperations(parts),
    CreateTags: createTags(parts),
    ListTags: listTags(parts),
    DeleteTags: deleteTags(parts),
    DescribeBrokerEngineTypes: describeBrokerEngineTypes(parts),
    DescribeBrokerInstanceOptions: describeBrokerInstanceOptions(parts),
  };
}

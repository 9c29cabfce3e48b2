// The actions of Amazon MQ.

import { serviceActions } from './service-actions.ts';

const broker = ['broker'];
const configuration = ['configuration'];
const both = ['broker', 'configuration'];
const ofResource = ['aws:ResourceTag/${k}'];
const ofRequest = ['aws:RequestTag/${k}', 'aws:TagKeys'];

/** @see Service authorization reference, "Actions, resources, and condition keys for Amazon MQ" */
export const mqActions = serviceActions(
  'mq',
  {
    broker: 'arn:${Partition}:mq:${Region}:${Account}:broker:${BrokerName}:${BrokerId}',
    configuration: 'arn:${Partition}:mq:${Region}:${Account}:configuration:${ConfigurationId}',
  },
  [
    ['Write', [], ofRequest, 'CreateBroker CreateConfiguration'],
    ['Write', broker, ofResource, 'CreateUser DeleteBroker DeleteUser Promote RebootBroker'],
    ['Write', broker, ofResource, 'UpdateBroker UpdateUser UpdateBrokerAccessConfiguration!'],
    ['Write', broker, ofResource, 'CreateReplicaBroker!'],
    ['Write', configuration, ofResource, 'DeleteConfiguration UpdateConfiguration'],
    ['Tagging', both, [...ofRequest, ...ofResource], 'CreateTags'],
    ['Tagging', both, ['aws:TagKeys', ...ofResource], 'DeleteTags'],
    ['Read', [], [], 'DescribeBrokerEngineTypes DescribeBrokerInstanceOptions'],
    ['Read', broker, ofResource, 'DescribeBroker DescribeUser DescribeSharedResources'],
    ['Read', configuration, ofResource, 'DescribeConfiguration DescribeConfigurationRevision'],
    ['List', [], [], 'ListBrokers ListConfigurations'],
    ['List', configuration, ofResource, 'ListConfigurationRevisions'],
    ['List', both, ofResource, 'ListTags'],
    ['List', broker, ofResource, 'ListUsers'],
  ],
);

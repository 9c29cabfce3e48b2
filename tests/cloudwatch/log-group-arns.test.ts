import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CloudTrailClient, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  DescribeLogGroupsCommand,
  FilterLogEventsCommand,
  ListTagsForResourceCommand,
  TagResourceCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  IAMClient,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import { calledService, clientOptions, startInRegion } from '../support/cloudwatch.ts';
import type { Waxwing } from '../support/waxwing.ts';

let waxwing: Waxwing;

before(async () => {
  waxwing = await startInRegion();
});
after(() => waxwing.remove());

test('a log group has one ARN, so that a denied group cannot be tagged or read by another', async () => {
  const called = calledService(waxwing);
  const logs = new CloudWatchLogsClient(clientOptions(called));
  await logs.send(new CreateLogGroupCommand({ logGroupName: '/secret' }));
  const { logGroups: [group] = [] } = await logs.send(new DescribeLogGroupsCommand({}));
  const arn = group?.logGroupArn ?? '';
  const iam = new IAMClient(clientOptions(called));
  await iam.send(new CreateUserCommand({ UserName: 'tagger' }));
  const PolicyDocument = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Action: 'logs:*', Resource: '*' },
      { Effect: 'Deny', Action: 'logs:*TagResource', Resource: arn },
    ],
  });
  await iam.send(
    new PutUserPolicyCommand({ UserName: 'tagger', PolicyName: 'logs', PolicyDocument }),
  );
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'tagger' }));
  const credentials = {
    accessKeyId: AccessKey?.AccessKeyId ?? '',
    secretAccessKey: AccessKey?.SecretAccessKey ?? '',
  };
  const tagger = new CloudWatchLogsClient(clientOptions({ ...called, credentials }));
  const tagged = (resourceArn: string) =>
    tagger.send(new TagResourceCommand({ resourceArn, tags: { team: 'attack' } }));
  await assert.rejects(tagged(arn), { name: 'AccessDeniedException' });
  // The record of the refused call names the group.
  const trail = new CloudTrailClient(clientOptions(called));
  const named = [{ AttributeKey: 'ResourceName', AttributeValue: arn }] as const;
  const { Events = [] } = await trail.send(
    new LookupEventsCommand({ LookupAttributes: [...named] }),
  );
  const refused = Events.map(({ CloudTrailEvent = '' }) => JSON.parse(CloudTrailEvent)).find(
    ({ eventName }) => eventName === 'TagResource',
  );
  assert.equal(refused?.errorCode, 'AccessDeniedException');
  assert.equal(refused.resources[0].ARN, arn);
  const others = [
    arn.replace('us-west-2', 'eu-west-1'),
    arn.replace(/:\d{12}:/, ':999999999999:'),
    arn.replace('arn:aws:', 'arn:aws-cn:'),
  ];
  const unknown = { name: 'ResourceNotFoundException' };
  for (const other of others) {
    assert.notEqual(other, arn);
    await assert.rejects(tagged(other), unknown);
    const untagging = new UntagResourceCommand({ resourceArn: other, tagKeys: ['team'] });
    await assert.rejects(tagger.send(untagging), unknown);
    await assert.rejects(
      tagger.send(new ListTagsForResourceCommand({ resourceArn: other })),
      unknown,
    );
    await assert.rejects(
      tagger.send(new FilterLogEventsCommand({ logGroupIdentifier: other })),
      unknown,
    );
  }
  await tagger.send(new FilterLogEventsCommand({ logGroupIdentifier: arn }));
  const { tags } = await logs.send(new ListTagsForResourceCommand({ resourceArn: arn }));
  assert.equal(tags?.['team'], undefined);
});

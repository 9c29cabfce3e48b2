// The operations that create, change, delete and list trails.

import { kmsKeyOutside, probeKey } from '../../../audit/trails/outside-buckets.ts';
import {
  type TrailRecord,
  type TrailSettings,
  withSettings,
} from '../../../audit/trails/trail-record.ts';
import { nameOf, type TrailsPlace, trailArn } from '../../../audit/trails/trails.ts';
import { AwsError } from '../../../aws/errors.ts';
import { operation } from '../../../aws/service.ts';
import { boolean, type Infer, list, string, structure } from '../../../aws/shapes/shape.ts';
import type { Caller } from '../../../calls/caller.ts';
import { asChanges, type CloudTrailParts, onTrail, touched, touchedIfKnown } from '../parts.ts';
import {
  createTrailRequest,
  namedTrail,
  trail,
  trailName,
  trailResponse,
  updateTrailRequest,
} from '../shapes.ts';

type GivenSettings = Partial<Omit<Infer<typeof updateTrailRequest>, 'Name'>>;

/** Creates a trail, which logs from StartLogging. */
export const createTrail = (parts: CloudTrailParts) =>
  operation({
    action: 'cloudtrail:CreateTrail',
    readOnly: false,
    input: createTrailRequest,
    output: trailResponse,
    permissions: ({ Name, TagsList }) => [
      onTrail(parts, 'cloudtrail:CreateTrail', Name, recordOf(TagsList ?? [])),
    ],
    handle: async (input, { nowMs, caller }) => {
      const { trails, commands, place } = parts;
      const settings: TrailSettings = {
        bucket: input.S3BucketName,
        prefix: '',
        includesGlobalEvents: true,
        isMultiRegion: false,
        hasValidation: false,
        ...(await settingsOf(parts, input.Name, input, caller)),
      };
      await checkOutside(parts, settings);
      return () => {
        const { trail: made, changes } = commands.create(
          input.Name,
          settings,
          recordOf(input.TagsList ?? []),
          nowMs,
        );
        return {
          output: trailView(place, made),
          changes: asChanges(trails, changes),
          resources: [touched(place, made)],
        };
      };
    },
  });

/** Changes the settings of a trail. */
export const updateTrail = (parts: CloudTrailParts) =>
  operation({
    action: 'cloudtrail:UpdateTrail',
    readOnly: false,
    input: updateTrailRequest,
    output: trailResponse,
    permissions: ({ Name }) => [onTrail(parts, 'cloudtrail:UpdateTrail', Name)],
    failedResources: ({ Name }) => touchedIfKnown(parts, Name),
    handle: async (input, { nowMs, caller }) => {
      const { commands, trails, place, delivery } = parts;
      const { name } = commands.find(input.Name);
      const settings = await settingsOf(parts, name, input, caller);
      // An empty key id removes the key.
      const change = { ...settings, removesKey: input.KmsKeyId === '' };
      await checkOutside(parts, withSettings(commands.find(name), change));
      // What was logged so far is delivered as it was configured.
      await delivery.flush(name);
      return () => {
        const { trail: updated, changes } = commands.update(name, change, nowMs);
        return {
          output: trailView(place, updated),
          changes: asChanges(trails, changes),
          resources: [touched(place, updated)],
        };
      };
    },
  });

/** Deletes a trail. Its files stay. */
export const deleteTrail = (parts: CloudTrailParts) =>
  operation({
    action: 'cloudtrail:DeleteTrail',
    readOnly: false,
    input: namedTrail,
    output: structure({}),
    permissions: ({ Name }) => [onTrail(parts, 'cloudtrail:DeleteTrail', Name)],
    failedResources: ({ Name }) => touchedIfKnown(parts, Name),
    handle: async ({ Name }) => {
      const { commands, trails, place, delivery } = parts;
      await delivery.flush(commands.find(Name).name);
      return () => {
        const { trail: deleted, changes } = commands.delete(Name);
        return {
          output: {},
          changes: asChanges(trails, changes),
          resources: [touched(place, deleted)],
        };
      };
    },
  });

/** Returns the settings of a trail. */
export const getTrail = (parts: CloudTrailParts) =>
  operation({
    action: 'cloudtrail:GetTrail',
    readOnly: true,
    input: namedTrail,
    output: structure({ Trail: trail }),
    permissions: ({ Name }) => [onTrail(parts, 'cloudtrail:GetTrail', Name)],
    failedResources: ({ Name }) => touchedIfKnown(parts, Name),
    handle: ({ Name }) => {
      const found = parts.commands.find(Name);
      return {
        output: { Trail: fullView(parts.place, found) },
        resources: [touched(parts.place, found)],
      };
    },
  });

/** Returns the settings of several trails. Trails that do not exist are left out. */
export const describeTrails = (parts: CloudTrailParts) =>
  operation({
    action: 'cloudtrail:DescribeTrails',
    readOnly: true,
    input: structure({
      trailNameList: list(trailName, { max: 100 }),
      includeShadowTrails: boolean(),
    }),
    output: structure({ trailList: list(trail) }),
    handle: ({ trailNameList = [] }) => {
      const { trails, place } = parts;
      const names = trailNameList.map((nameOrArn) => nameOf(nameOrArn, place));
      const found = trails
        .all()
        .filter(({ name }) => trailNameList.length === 0 || names.includes(name));
      return { output: { trailList: found.map((each) => fullView(place, each)) } };
    },
  });

/** Lists the trails. There are few, so that one page has all of them. */
export const listTrails = ({ trails, place }: CloudTrailParts) =>
  operation({
    action: 'cloudtrail:ListTrails',
    readOnly: true,
    input: structure({ NextToken: string({ max: 2048 }) }),
    output: structure({
      Trails: list(structure({ TrailARN: string(), Name: string(), HomeRegion: string() })),
      NextToken: string(),
    }),
    handle: () => {
      const Trails = trails.all().map(({ name: Name }) => ({
        TrailARN: trailArn(place, Name),
        Name,
        HomeRegion: place.region,
      }));
      return { output: { Trails } };
    },
  });

/** The settings in a request. What is not offered is refused with the error of CloudTrail. */
async function settingsOf(
  parts: CloudTrailParts,
  trailName: string,
  input: GivenSettings,
  caller: Caller,
): Promise<Partial<TrailSettings>> {
  refuseOthers(input);
  const { S3BucketName, S3KeyPrefix, KmsKeyId, RecursiveLogging } = input;
  const key =
    KmsKeyId === undefined || KmsKeyId === ''
      ? undefined
      : await parts.keyFor(KmsKeyId, trailName, caller);
  const given = {
    bucket: S3BucketName,
    prefix: S3KeyPrefix?.replace(/\/+$/, ''),
    includesGlobalEvents: input.IncludeGlobalServiceEvents,
    isMultiRegion: input.IsMultiRegionTrail,
    hasValidation: input.EnableLogFileValidation,
    kmsKeyArn: key,
    isRecursive: RecursiveLogging,
  };
  if (input.IsMultiRegionTrail === true && input.IncludeGlobalServiceEvents === false) {
    throw new AwsError(
      'InvalidParameterCombinationException',
      'Multi-Region trail must include global service events.',
    );
  }
  const settings: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given)) {
    if (value !== undefined) settings[name] = value;
  }
  // The members have the types of the settings, and those without a value are left out.
  return settings as Partial<TrailSettings>;
}

/** Requires that files can be stored in a bucket outside. CloudTrail also stores an object. */
async function checkOutside(
  { outside, place }: CloudTrailParts,
  { bucket, prefix, kmsKeyArn }: TrailSettings,
): Promise<void> {
  if (outside?.has(bucket) !== true) return;
  if (kmsKeyArn !== undefined) throw kmsKeyOutside(bucket);
  await outside.put(bucket, probeKey(prefix, place.accountId), Buffer.alloc(0), {});
}

function refuseOthers(input: GivenSettings): void {
  const { SnsTopicName, CloudWatchLogsLogGroupArn, CloudWatchLogsRoleArn } = input;
  if (SnsTopicName !== undefined && SnsTopicName !== '') {
    throw new AwsError(
      'InvalidSnsTopicNameException',
      `SNS Topic ${SnsTopicName} does not exist: there are no SNS topics here.`,
    );
  }
  if (CloudWatchLogsLogGroupArn !== undefined && CloudWatchLogsLogGroupArn !== '') {
    throw new AwsError(
      'InvalidCloudWatchLogsLogGroupArnException',
      'Trails cannot deliver to CloudWatch Logs here.',
    );
  }
  if (CloudWatchLogsRoleArn !== undefined && CloudWatchLogsRoleArn !== '') {
    throw new AwsError(
      'InvalidCloudWatchLogsRoleArnException',
      'Trails cannot deliver to CloudWatch Logs here.',
    );
  }
  if (input.IsOrganizationTrail === true) {
    throw new AwsError(
      'OrganizationsNotInUseException',
      'The account is not a member of an organization.',
    );
  }
}

function trailView(place: TrailsPlace, record: TrailRecord) {
  const { name, bucket, prefix, kmsKeyArn } = record;
  return {
    Name: name,
    S3BucketName: bucket,
    ...(prefix !== '' && { S3KeyPrefix: prefix }),
    IncludeGlobalServiceEvents: record.includesGlobalEvents,
    IsMultiRegionTrail: record.isMultiRegion,
    TrailARN: trailArn(place, name),
    LogFileValidationEnabled: record.hasValidation,
    ...(kmsKeyArn !== undefined && { KmsKeyId: kmsKeyArn }),
    IsOrganizationTrail: false,
    ...(record.isRecursive !== undefined && { RecursiveLogging: record.isRecursive }),
  };
}

function fullView(place: TrailsPlace, record: TrailRecord) {
  const { selectors, advancedSelectors } = record;
  const [only] = selectors;
  const isDefault =
    advancedSelectors.length === 0 &&
    selectors.length === 1 &&
    only?.readWriteType === 'All' &&
    only.includesManagementEvents &&
    only.dataResources.length === 0 &&
    only.excludedSources.length === 0;
  return {
    ...trailView(place, record),
    HomeRegion: place.region,
    HasCustomEventSelectors: !isDefault,
    HasInsightSelectors: false,
  };
}

/** Tags as a record. */
export function recordOf(
  tags: readonly { readonly Key: string; readonly Value?: string | undefined }[],
): Record<string, string> {
  const keys = tags.map(({ Key }) => Key);
  if (new Set(keys).size < keys.length) {
    throw new AwsError('InvalidTagParameterException', 'A tag key is given twice.');
  }
  return Object.fromEntries(tags.map(({ Key, Value = '' }) => [Key, Value]));
}

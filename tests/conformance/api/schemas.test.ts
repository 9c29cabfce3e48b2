import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as cloudTrail from '@aws-sdk/client-cloudtrail';
import * as monitoring from '@aws-sdk/client-cloudwatch';
import * as logs from '@aws-sdk/client-cloudwatch-logs';
import * as iam from '@aws-sdk/client-iam';
import * as kms from '@aws-sdk/client-kms';
import * as mq from '@aws-sdk/client-mq';
import * as sts from '@aws-sdk/client-sts';
import type { Operation, Service } from '../../../src/aws/service.ts';
import type { RequiredShape, Shape } from '../../../src/aws/shapes/shape.ts';
import { query } from '../../../src/aws/wires/query.ts';
import { membersOf } from '../../../src/aws/wires/rest-bindings.ts';
import { ControlPlane } from '../../support/control-plane.ts';
import { type ClientSchema, operationsOf, type SchemaShape } from '../../support/sdk-schemas.ts';

// Compares the hand-written shapes with the schemas of the official clients, so that a missing,
// misspelt or mistyped member is found, and a new one in a new client too.

const plane = await ControlPlane.inProcess();

/**
 * What differs on purpose, by path: `Operation.input.Member`. A star is any operation. Each says why;
 * one that no longer differs fails the test too.
 */
const onPurpose: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  logs: {
    '*.output.logGroups.kmsKeyId': 'log groups are sealed with the keys of the service',
    '*.output.logGroups.dataProtectionStatus': 'no data protection policies',
    '*.output.logGroups.inheritedProperties': 'no data protection policies',
    '*.output.logGroups.deletionProtectionEnabled': 'of newer clients than this one',
    '*.output.logGroups.bearerTokenAuthenticationEnabled': 'of newer clients than this one',
    '*.output.logGroups.retentionPolicyName': 'of newer clients than this one',
    'FilterLogEvents.input.startFromHead': 'of newer clients than this one',
    CreateLogStream: 'refused',
    DeleteLogStream: 'refused',
    PutLogEvents: 'refused',
    DeleteResourcePolicy: 'refused',
    DescribeResourcePolicies: 'refused',
    PutResourcePolicy: 'refused',
    DescribeQueries: 'refused',
    GetLogGroupFields: 'refused',
    GetLogRecord: 'refused',
    GetQueryResults: 'refused',
    StartQuery: 'refused',
    StopQuery: 'refused',
    StartLiveTail: 'refused',
  },
  monitoring: {
    DeleteAlarms: 'refused',
    DescribeAlarmHistory: 'refused',
    DescribeAlarms: 'refused',
    DescribeAlarmsForMetric: 'refused',
    DisableAlarmActions: 'refused',
    EnableAlarmActions: 'refused',
    PutCompositeAlarm: 'refused',
    PutMetricAlarm: 'refused',
    SetAlarmState: 'refused',
    DeleteDashboards: 'refused',
    GetDashboard: 'refused',
    ListDashboards: 'refused',
    PutDashboard: 'refused',
    PutMetricData: 'refused',
  },
  kms: {
    '*.output.CiphertextForRecipient': 'no enclaves: asking for one is refused',
    '*.output.KeyMetadata.CloudHsmClusterId': 'no key stores outside',
    '*.output.KeyMetadata.CustomKeyStoreId': 'no key stores outside',
    '*.output.KeyMetadata.XksKeyConfiguration': 'no key stores outside',
    '*.output.ReplicaKeyMetadata': 'replicas are refused',
    '*.output.KeyMetadata.EncapsulationAlgorithms': 'no keys for encapsulation',
    'GetPublicKey.output.EncapsulationAlgorithms': 'no keys for encapsulation',
    '*.output.KeyMetadata.PendingDeletionWindowInDays': 'of replicas in other regions only',
  },
  mq: {
    'CreateBroker.input.publiclyAccessible': 'may be left out: not required by older clients',
    'UpdateBroker.input.resourceShareArns': 'of newer clients than this one',
    'UpdateBroker.output.resourceShareArns': 'of newer clients than this one',
    '*.input.storageSize': 'of newer clients than this one',
    'UpdateBroker.output.storageSize': 'of newer clients than this one',
    'DescribeBroker.output.storageSize': 'of newer clients than this one',
    'DescribeBroker.output.pendingStorageSize': 'of newer clients than this one',
    DescribeSharedResources: 'of newer clients than this one',
  },
  cloudtrail: {},
  iam: {
    '*.output.Role.SourceRoleTemplate': 'no role templates',
    '*.output.Roles.SourceRoleTemplate': 'no role templates',
    '*.output.InstanceProfiles.Roles.SourceRoleTemplate': 'no role templates',
    '*.output.RoleDetailList.InstanceProfileList': 'no instance profiles: the list is empty',
    '*.input.OrderedOrganizationPolicyInputList': 'no organizations: asking for one is refused',
    '*.input.PolicyExclusionList': 'asking for one is refused',
  },
  sts: {
    'AssumeRole.input.ProvidedContexts': 'no contexts: asking for one is refused',
    'AssumeRoleWithWebIdentity.output.TrustedIdentityPropagationContext': 'no contexts',
  },
};

interface Difference {
  readonly path: string;
  readonly text: string;
}

type Direction = 'input' | 'output';
type Structure = Extract<SchemaShape, { kind: 'structure' }>;

/** The names of kinds in the clients' schemas, where they differ. */
const kinds: Readonly<Record<string, string>> = {
  enumeration: 'string',
  long: 'integer',
  double: 'integer',
};

/** All differences between a shape and the client's schema. */
function* differences(
  path: string,
  { node }: Shape<unknown>,
  theirs: SchemaShape,
  direction: Direction,
): Generator<Difference> {
  const kind = kinds[node.kind] ?? node.kind;
  if (kind !== theirs.kind) {
    yield { path, text: `is ${kind} here and ${theirs.kind} there` };
  } else if (node.kind === 'structure' && theirs.kind === 'structure') {
    for (const name of new Set([...Object.keys(node.members), ...theirs.members.keys()])) {
      const other = theirs.members.get(name);
      yield* memberDifferences(`${path}.${name}`, node.members[name], other, direction);
    }
  } else if (node.kind === 'list' && theirs.kind === 'list') {
    yield* differences(path, node.of, theirs.of(), direction);
  } else if (node.kind === 'map' && theirs.kind === 'map') {
    yield* differences(path, node.value, theirs.of(), direction);
  }
}

function* memberDifferences(
  path: string,
  ours: Shape<unknown> | RequiredShape<unknown> | undefined,
  theirs: ReturnType<Structure['members']['get']>,
  direction: Direction,
): Generator<Difference> {
  if (ours === undefined || theirs === undefined) {
    yield { path, text: ours ? 'is not there' : 'is not here' };
    return;
  }
  const isRequired = 'required' in ours;
  if (direction === 'input' && isRequired !== theirs.isRequired) {
    yield { path, text: isRequired ? 'is required here' : 'is required there' };
  }
  yield* differences(path, ours, theirs.shape(), direction);
}

function* differencesOf(service: Service, client: ClientSchema): Generator<Difference> {
  for (const [name, operation] of Object.entries(service.operations)) {
    const theirs = client.get(name);
    if (theirs === undefined) {
      yield { path: name, text: 'is not there' };
      continue;
    }
    const { input, output, http } = operation as Operation<unknown, unknown>;
    yield* differences(`${name}.input`, input, theirs.input(), 'input');
    yield* differences(`${name}.output`, output, theirs.output(), 'output');
    if (http === undefined) continue;
    const ours = `${http.method} ${http.path} ${http.status ?? 200}`;
    if (ours !== theirs.http) yield { path: name, text: `is ${ours} here, ${theirs.http} there` };
  }
}

/** Whether an exception applies to this path or a part of it. */
function covers(exception: string, path: string): boolean {
  const [operation = '', ...rest] = exception.split('.');
  const pattern = [operation === '*' ? path.split('.')[0] : operation, ...rest].join('.');
  return path === pattern || path.startsWith(pattern.endsWith('.') ? pattern : `${pattern}.`);
}

const clients = {
  kms: operationsOf(kms),
  mq: operationsOf(mq),
  cloudtrail: operationsOf(cloudTrail),
  iam: operationsOf(iam),
  sts: operationsOf(sts),
  logs: operationsOf(logs),
  monitoring: operationsOf(monitoring),
};

for (const [name, client] of Object.entries(clients)) {
  const service = plane.services.find((each) => each.name === name);
  assert.ok(service);
  const exceptions = Object.keys(onPurpose[name] ?? {});
  const found = [...differencesOf(service, client)];

  test(`${name} has all members of the official client except the intended omissions`, () => {
    const unexpected = found
      .filter(({ path }) => !exceptions.some((exception) => covers(exception, path)))
      .map(({ path, text }) => `${path} ${text}`);
    assert.deepEqual(unexpected, []);
  });

  test(`${name} implements none of its intended omissions`, () => {
    const stale = exceptions.filter(
      (exception) => !found.some(({ path }) => covers(exception, path)),
    );
    assert.deepEqual(stale, []);
  });
}

for (const name of ['iam', 'sts', 'monitoring'] as const) {
  test(`${name} answers a query with a result exactly if the operation has an output`, () => {
    const service = plane.services.find((each) => each.name === name);
    assert.ok(service);
    const wrong = Object.entries(service.operations).filter(([each, operation]) => {
      const theirs = clients[name].get(each);
      // A refused operation has no output, and an output with members is always written.
      if (theirs === undefined || each in (onPurpose[name] ?? {})) return false;
      if (Object.keys(membersOf(operation.output)).length > 0) return false;
      const route = { service, name: each, operation, wire: query.name, labels: new Map() };
      const { body } = query.write(route, {}, 'id');
      return String(body).includes(`<${each}Result`) !== theirs.hasOutput;
    });
    assert.deepEqual(
      wrong.map(([each]) => each),
      [],
    );
  });
}

for (const name of ['mq', 'kms'] as const) {
  test(`every ${name} call of the official client is answered`, () => {
    const service = plane.services.find((each) => each.name === name);
    assert.ok(service);
    const missing = [...clients[name].keys()].filter((each) => !(each in service.operations));
    assert.deepEqual(missing, []);
  });
}

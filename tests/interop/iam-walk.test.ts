import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { decodeSeed, stepAt, totpCode } from '../../src/identity/accounts/mfa/totp.ts';
import { awsCliJson } from '../support/aws-cli.ts';
import { Boto3 } from '../support/boto3.ts';
import type { Credentials } from '../support/callers.ts';
import { clientEnvironment } from '../support/client-environment.ts';
import { accountId, ControlPlane } from '../support/control-plane.ts';
import { Machine } from '../support/machine.ts';
import { findPrograms } from '../support/other-programs.ts';

// A group, a user, a policy and an MFA device are created; the user proves a second factor, assumes a
// role, is refused, sees it in the trail, and a simulation tells why.

/** A control plane whose clock shows this machine's time, by which the clients sign. */
async function startNow(): Promise<ControlPlane> {
  const machine = new Machine();
  machine.clock.advance(systemClock.nowMs() - machine.clock.nowMs());
  return ControlPlane.start(machine);
}

const policy = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Action: ['mq:List*', 'cloudtrail:LookupEvents'], Resource: '*' },
    { Effect: 'Allow', Action: 'iam:SimulatePrincipalPolicy', Resource: '*' },
    {
      Effect: 'Deny',
      NotAction: 'sts:*',
      Resource: '*',
      Condition: { BoolIfExists: { 'aws:MultiFactorAuthPresent': 'false' } },
    },
  ],
});
const trust = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${accountId}:user/anna` },
      Action: 'sts:AssumeRole',
      Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'true' } },
    },
  ],
});

/** The AWS CLI with the credentials of one caller. */
class Cli {
  readonly #path: string;
  readonly #plane: ControlPlane;
  readonly env: NodeJS.ProcessEnv;

  constructor(path: string, plane: ControlPlane, credentials?: Credentials) {
    this.#path = path;
    this.#plane = plane;
    this.env = clientEnvironment(plane, credentials);
  }

  async run(service: string, command: string, options: Readonly<Record<string, string>> = {}) {
    const given = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
    const common = ['--endpoint-url', this.#plane.endpoint.url];
    const args = [service, command, ...given, ...common];
    return (await awsCliJson(this.#path, args, this.env)) ?? {};
  }
}

async function walkOfTheCli(path: string, plane: ControlPlane): Promise<void> {
  const root = new Cli(path, plane);
  await root.run('iam', 'create-group', { 'group-name': 'operators' });
  const created = await root.run('iam', 'create-policy', {
    'policy-name': 'operate',
    'policy-document': policy,
  });
  await root.run('iam', 'attach-group-policy', {
    'group-name': 'operators',
    'policy-arn': created.Policy.Arn,
  });
  await root.run('iam', 'create-user', { 'user-name': 'anna', tags: 'Key=team,Value=orders' });
  await root.run('iam', 'add-user-to-group', { 'group-name': 'operators', 'user-name': 'anna' });
  const { AccessKey } = await root.run('iam', 'create-access-key', { 'user-name': 'anna' });
  const seedFile = join(root.env['HOME'] ?? '', 'seed');
  const { VirtualMFADevice: device } = await root.run('iam', 'create-virtual-mfa-device', {
    'virtual-mfa-device-name': 'anna',
    outfile: seedFile,
    'bootstrap-method': 'Base32StringSeed',
  });
  const key = decodeSeed(readFileSync(seedFile, 'ascii'));
  const code = (steps: number) => totpCode(key, stepAt(plane.machine.clock.nowMs()) + steps);
  await root.run('iam', 'enable-mfa-device', {
    'user-name': 'anna',
    'serial-number': device.SerialNumber,
    'authentication-code1': code(-2),
    'authentication-code2': code(-1),
  });
  await root.run('iam', 'create-role', {
    'role-name': 'reader',
    'assume-role-policy-document': trust,
  });
  await root.run('iam', 'attach-role-policy', {
    'role-name': 'reader',
    'policy-arn': 'arn:aws:iam::aws:policy/AmazonMQReadOnlyAccess',
  });
  const long = {
    accessKeyId: AccessKey.AccessKeyId,
    secretAccessKey: AccessKey.SecretAccessKey,
  };
  const anna = new Cli(path, plane, long);
  assert.equal(
    (await anna.run('sts', 'get-caller-identity')).Arn,
    `arn:aws:iam::${accountId}:user/anna`,
  );
  const { Credentials: issued } = await anna.run('sts', 'get-session-token', {
    'serial-number': device.SerialNumber,
    'token-code': code(0),
  });
  const strong = new Cli(path, plane, sessionOf(issued));
  await strong.run('mq', 'list-brokers');
  await assert.rejects(
    strong.run('mq', 'delete-broker', { 'broker-id': 'b-1' }),
    /not authorized to perform: mq:DeleteBroker/,
  );
  const { Events } = await strong.run('cloudtrail', 'lookup-events', {
    'lookup-attributes': 'AttributeKey=EventName,AttributeValue=DeleteBroker',
  });
  const event = JSON.parse(Events[0].CloudTrailEvent);
  assert.equal(event.userIdentity.sessionContext.attributes.mfaAuthenticated, 'true');
  const { EvaluationResults } = await strong.run('iam', 'simulate-principal-policy', {
    'policy-source-arn': `arn:aws:iam::${accountId}:user/anna`,
    'action-names': 'mq:DeleteBroker',
  });
  const [withoutFactor] = EvaluationResults;
  assert.equal(withoutFactor.EvalDecision, 'explicitDeny');
  assert.deepEqual(withoutFactor.MissingContextValues, ['aws:multifactorauthpresent']);
  const factor = 'ContextKeyName=aws:MultiFactorAuthPresent,ContextKeyType=boolean';
  const simulated = await strong.run('iam', 'simulate-principal-policy', {
    'policy-source-arn': `arn:aws:iam::${accountId}:user/anna`,
    'action-names': 'mq:DeleteBroker',
    'context-entries': `${factor},ContextKeyValues=true`,
  });
  assert.equal(simulated.EvaluationResults[0].EvalDecision, 'implicitDeny');
  const { Credentials: ofRole } = await strong.run('sts', 'assume-role', {
    'role-arn': `arn:aws:iam::${accountId}:role/reader`,
    'role-session-name': 'shift',
  });
  const reader = new Cli(path, plane, sessionOf(ofRole));
  await reader.run('mq', 'list-brokers');
  assert.equal(
    (await reader.run('sts', 'get-caller-identity')).Arn,
    `arn:aws:sts::${accountId}:assumed-role/reader/shift`,
  );
  const short = await anna.run('sts', 'get-session-token', {
    'serial-number': device.SerialNumber,
    'token-code': code(1),
    'duration-seconds': '900',
  });
  assert.match(short.Credentials.AccessKeyId, /^ASIA/);
}

function sessionOf(issued: Record<string, string>): Credentials {
  return {
    accessKeyId: issued['AccessKeyId'] ?? '',
    secretAccessKey: issued['SecretAccessKey'] ?? '',
    sessionToken: issued['SessionToken'] ?? '',
  };
}

async function walkOfBoto3(path: string, plane: ControlPlane): Promise<void> {
  const root = new Boto3(path, plane);
  try {
    await root.call('iam', 'create_user', { UserName: 'bert', Path: '/dev/' });
    const { AccessKey } = await root.call('iam', 'create_access_key', { UserName: 'bert' });
    const document = { UserName: 'bert', PolicyName: 'operate', PolicyDocument: policy };
    await root.call('iam', 'put_user_policy', document);
    const found = await root.call('iam', 'get_user_policy', {
      UserName: 'bert',
      PolicyName: 'operate',
    });
    assert.deepEqual(found.PolicyDocument, JSON.parse(policy));
    const { VirtualMFADevice: device } = await root.call('iam', 'create_virtual_mfa_device', {
      VirtualMFADeviceName: 'bert',
    });
    const seed = Buffer.from(device.Base32StringSeed.$bytes, 'base64').toString('ascii');
    const key = decodeSeed(seed);
    const code = (steps: number) => totpCode(key, stepAt(plane.machine.clock.nowMs()) + steps);
    await root.call('iam', 'enable_mfa_device', {
      UserName: 'bert',
      SerialNumber: device.SerialNumber,
      AuthenticationCode1: code(-2),
      AuthenticationCode2: code(-1),
    });
    const credentials = {
      accessKeyId: AccessKey.AccessKeyId,
      secretAccessKey: AccessKey.SecretAccessKey,
    };
    await walkOfBert(path, plane, credentials, device.SerialNumber, code(0));
    await assert.rejects(root.call('iam', 'delete_user', { UserName: 'bert' }), {
      code: 'DeleteConflict',
      status: 409,
    });
    await root.call('iam', 'generate_credential_report');
    const { Content } = await root.call('iam', 'get_credential_report');
    assert.match(Buffer.from(Content.$bytes, 'base64').toString(), /^bert,arn/m);
    const { UserDetailList } = await root.call('iam', 'get_account_authorization_details', {
      Filter: ['User'],
    });
    assert.deepEqual(UserDetailList[0].UserPolicyList[0].PolicyDocument, JSON.parse(policy));
  } finally {
    root.close();
  }
}

async function walkOfBert(
  path: string,
  plane: ControlPlane,
  credentials: Credentials,
  SerialNumber: string,
  TokenCode: string,
): Promise<void> {
  const bert = new Boto3(path, plane, credentials);
  let issued: Record<string, string>;
  try {
    const refused = { code: 'ForbiddenException', status: 403 };
    await assert.rejects(bert.call('mq', 'delete_broker', { BrokerId: 'b-1' }), refused);
    ({ Credentials: issued } = await bert.call('sts', 'get_session_token', {
      SerialNumber,
      TokenCode,
    }));
  } finally {
    bert.close();
  }
  const strong = new Boto3(path, plane, sessionOf(issued));
  try {
    await strong.call('mq', 'list_brokers');
    const { Arn } = await strong.call('sts', 'get_caller_identity');
    assert.equal(Arn, `arn:aws:iam::${accountId}:user/dev/bert`);
  } finally {
    strong.close();
  }
}

const walks = [
  {
    title: 'walks through IAM and STS with a second factor and a role',
    programs: await findPrograms({
      name: 'aws',
      versionArguments: ['--version'],
      package: 'awscli',
    }),
    walk: walkOfTheCli,
  },
  {
    title: 'walks through IAM and STS with a second factor',
    programs: await findPrograms({
      name: 'python3',
      versionArguments: ['-c', 'import boto3; print("boto3", boto3.__version__)'],
      package: 'python3-boto3',
    }),
    walk: walkOfBoto3,
  },
];

for (const { title, programs, walk } of walks) {
  if (typeof programs === 'string') {
    test(title, { skip: programs }, () => {});
    continue;
  }
  for (const { path, version } of programs) {
    test(`${version} ${title}`, async () => {
      const plane = await startNow();
      try {
        await walk(path, plane);
        assert.deepEqual(plane.unexpectedErrors, []);
      } finally {
        await plane.close();
      }
    });
  }
}

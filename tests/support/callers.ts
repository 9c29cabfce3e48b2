// Official clients for callers besides the root user.

import { Agent } from 'node:https';
import { after } from 'node:test';
import {
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  IAMClient,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import { KMSClient } from '@aws-sdk/client-kms';
import { MqClient } from '@aws-sdk/client-mq';
import {
  AssumeRoleCommand,
  type AssumeRoleCommandInput,
  STSClient,
  type Credentials as StsCredentials,
} from '@aws-sdk/client-sts';
import { systemClock } from '../../src/base/clock.ts';
import { accountId, ControlPlane, region } from './control-plane.ts';

/** What a caller signs with. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** Credentials as STS returns them. */
export function credentialsOf(issued: StsCredentials | undefined): Credentials {
  return {
    accessKeyId: issued?.AccessKeyId ?? '',
    secretAccessKey: issued?.SecretAccessKey ?? '',
    sessionToken: issued?.SessionToken ?? '',
  };
}

/** The clients of one caller. Their clocks are that of the machine. */
export class Callers {
  readonly #plane: ControlPlane;
  readonly #agent: Agent;
  readonly #clients: { destroy(): void }[] = [];

  constructor(plane: ControlPlane) {
    this.#plane = plane;
    this.#agent = new Agent({ ca: plane.endpoint.ca, keepAlive: true });
  }

  /** The clients of the root user, or of a caller with these credentials. */
  as(credentials: Credentials = this.#plane.credentials): CallerClients {
    const options = {
      endpoint: this.#plane.endpoint.url,
      region,
      credentials,
      requestHandler: { httpsAgent: this.#agent },
      maxAttempts: 1,
    };
    const made = {
      iam: new IAMClient(options),
      sts: new STSClient(options),
      kms: new KMSClient(options),
      mq: new MqClient(options),
    };
    for (const client of Object.values(made)) this.#inTime(client);
    this.#clients.push(...Object.values(made));
    return made;
  }

  /** Sets the clock of a client before each call, because tests advance the time. */
  #inTime(client: TimedClient): void {
    client.middlewareStack.add(
      (next) => (call) => {
        client.config.systemClockOffset = this.#plane.machine.clock.nowMs() - systemClock.nowMs();
        return next(call);
      },
      { step: 'initialize', name: 'clockOfTheMachine' },
    );
  }

  /** Closes all clients. */
  close(): void {
    for (const client of this.#clients) client.destroy();
    this.#agent.destroy();
  }
}

// biome-ignore lint/suspicious/noExplicitAny: the clients differ in the types of their calls.
type Handler = (call: any) => Promise<any>;

/** The parts of an official client that set its clock. */
interface TimedClient {
  readonly config: { systemClockOffset: number };
  readonly middlewareStack: {
    add(
      middleware: (next: Handler) => Handler,
      options: { readonly step: 'initialize'; readonly name: string },
    ): void;
  };
}

/** The official clients of one caller. */
export interface CallerClients {
  readonly iam: IAMClient;
  readonly sts: STSClient;
  readonly kms: KMSClient;
  readonly mq: MqClient;
}

/** A control plane with the clients of its callers, for the tests of a file. */
interface TestAccounts {
  readonly plane: ControlPlane;
  readonly callers: Callers;
  /** The root user's client. */
  readonly iam: IAMClient;
  /** Ends the process, as by SIGKILL, and starts the next, with clients of its own. */
  restart(): Promise<TestAccounts>;
}

/** Starts a control plane, which ends after all tests of the file. */
export async function testAccounts(): Promise<TestAccounts> {
  let current = accountsOf(await ControlPlane.start());
  after(async () => {
    current.callers.close();
    await current.plane.close();
  });
  const restart = async () => {
    current.callers.close();
    current = accountsOf(await current.plane.restart());
    return { ...current, restart };
  };
  return { ...current, restart };
}

function accountsOf(plane: ControlPlane): Omit<TestAccounts, 'restart'> {
  const callers = new Callers(plane);
  return { plane, callers, iam: callers.as().iam };
}

/** Creates a user with an access key, and with statements or attached policies. */
export async function newUser(
  iam: IAMClient,
  UserName: string,
  rights: { readonly statements?: readonly object[]; readonly attached?: readonly string[] } = {},
): Promise<Credentials> {
  await iam.send(new CreateUserCommand({ UserName }));
  const { statements = [], attached = [] } = rights;
  if (statements.length > 0) {
    const PolicyDocument = policyText(...statements);
    await iam.send(new PutUserPolicyCommand({ UserName, PolicyName: 'rights', PolicyDocument }));
  }
  for (const PolicyArn of attached) {
    await iam.send(new AttachUserPolicyCommand({ UserName, PolicyArn }));
  }
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  return {
    accessKeyId: AccessKey?.AccessKeyId ?? '',
    secretAccessKey: AccessKey?.SecretAccessKey ?? '',
  };
}

/** The text of a policy with these statements. */
export function policyText(...statements: readonly object[]): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: statements });
}

/** A statement that allows a harmless call. */
export const listBrokers = { Effect: 'Allow', Action: 'mq:ListBrokers', Resource: '*' };

export const userArn = (name: string) => `arn:aws:iam::${accountId}:user/${name}`;
export const roleArn = (name: string) => `arn:aws:iam::${accountId}:role/${name}`;

/** A statement that lets a principal assume a role. */
export function trust(
  AWS: string,
  more: object = {},
  Action: string | string[] = 'sts:AssumeRole',
) {
  return { Effect: 'Allow', Principal: { AWS }, Action, ...more };
}

/** Creates a role that may do something. */
export async function newRole(
  iam: IAMClient,
  RoleName: string,
  trusted: object | readonly object[],
  statements: readonly object[] = [listBrokers],
  more: { readonly MaxSessionDuration?: number } = {},
): Promise<void> {
  const AssumeRolePolicyDocument = policyText(...[trusted].flat());
  await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument, ...more }));
  const PolicyDocument = policyText(...statements);
  await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'rights', PolicyDocument }));
}

/** Assumes a role. */
export function assume(sts: STSClient, name: string, more: Partial<AssumeRoleCommandInput> = {}) {
  return sts.send(
    new AssumeRoleCommand({ RoleArn: roleArn(name), RoleSessionName: 'shift', ...more }),
  );
}

// A control plane with people who sign in for single sign-on.

import assert from 'node:assert/strict';
import {
  CreateLoginProfileCommand,
  CreateRoleCommand,
  CreateUserCommand,
  CreateVirtualMFADeviceCommand,
  EnableMFADeviceCommand,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam';
import { decodeSeed, stepAt, totpCode } from '../../src/identity/accounts/mfa/totp.ts';
import { Browser, type ShownPage } from './browser.ts';
import { Callers, policyText } from './callers.ts';
import { accountId, ControlPlane } from './control-plane.ts';
import { pollDevice, registerClient, type SsoClient, startDevice } from './sso-client.ts';

/** The password of everybody. */
export const password = 'correct-Horse-battery-7';

/** The codes of a device authorization. */
interface Device {
  readonly deviceCode: string;
  readonly userCode: string;
  readonly verificationUriComplete: string;
}

/** A control plane with anna, who has an MFA device, bert, and roles. */
export class SignInPlane {
  plane: ControlPlane;
  callers: Callers;
  client: SsoClient = { clientId: '', clientSecret: '' };
  #mfaKey: Buffer = Buffer.alloc(0);

  private constructor(plane: ControlPlane) {
    this.plane = plane;
    this.callers = new Callers(plane);
  }

  static async start(): Promise<SignInPlane> {
    const made = new SignInPlane(await ControlPlane.start());
    await made.newPerson('anna');
    made.#mfaKey = await made.#newDevice('anna');
    await made.newPerson('bert');
    await made.newRole('operator', 'anna', { Bool: { 'aws:MultiFactorAuthPresent': 'true' } });
    await made.newRole('auditor', 'anna');
    await made.newRole('closed', 'bert');
    made.client = await registerClient(made.plane, { scopes: ['sso:account:access'] });
    return made;
  }

  /** The client of IAM of the root user. */
  get iam() {
    return this.callers.as().iam;
  }

  get nowMs(): number {
    return this.plane.machine.clock.nowMs();
  }

  newBrowser(): Browser {
    return new Browser(this.plane.endpoint.ca);
  }

  /** Ends the process, and starts the next. */
  async restart(): Promise<void> {
    this.callers.close();
    this.plane = await this.plane.restart();
    this.callers = new Callers(this.plane);
  }

  async close(): Promise<void> {
    this.callers.close();
    await this.plane.close();
  }

  /** Creates a user with a password. */
  async newPerson(UserName: string): Promise<void> {
    await this.iam.send(new CreateUserCommand({ UserName }));
    await this.iam.send(new CreateLoginProfileCommand({ UserName, Password: password }));
  }

  /** Creates a role that a user may assume. */
  async newRole(RoleName: string, user: string, Condition: object = {}): Promise<void> {
    const Principal = { AWS: `arn:aws:iam::${accountId}:user/${user}` };
    const statement = { Effect: 'Allow', Principal, Action: 'sts:AssumeRole', Condition };
    const AssumeRolePolicyDocument = policyText(statement);
    await this.iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
    const PolicyDocument = policyText({ Effect: 'Allow', Action: 'mq:ListBrokers', Resource: '*' });
    const named = { RoleName, PolicyName: 'rights' };
    await this.iam.send(new PutRolePolicyCommand({ ...named, PolicyDocument }));
  }

  /** Gives a user an MFA device. Returns its key. */
  async #newDevice(UserName: string): Promise<Buffer> {
    const { VirtualMFADevice: made } = await this.iam.send(
      new CreateVirtualMFADeviceCommand({ VirtualMFADeviceName: UserName }),
    );
    const key = decodeSeed(Buffer.from(made?.Base32StringSeed ?? []).toString('ascii'));
    await this.iam.send(
      new EnableMFADeviceCommand({
        UserName,
        SerialNumber: made?.SerialNumber ?? '',
        AuthenticationCode1: totpCode(key, stepAt(this.nowMs) - 1),
        AuthenticationCode2: totpCode(key, stepAt(this.nowMs)),
      }),
    );
    return key;
  }

  /** The code of anna's device, of a step that was not used yet. */
  async freshCode(): Promise<string> {
    await this.plane.advance(30_000);
    return totpCode(this.#mfaKey, stepAt(this.nowMs));
  }

  async annaSignsIn(browser: Browser, page: ShownPage): Promise<ShownPage> {
    const mfa_code = await this.freshCode();
    return browser.submit(page, { user_name: 'anna', password, mfa_code });
  }

  /** Starts a device authorization that must succeed. */
  async device(): Promise<Device> {
    const { status, body } = await startDevice(this.plane, this.client);
    assert.equal(status, 200, JSON.stringify(body));
    return body;
  }

  /** The tokens of a sign-in of anna. */
  async annasTokens(): Promise<{ readonly accessToken: string; readonly refreshToken: string }> {
    const { deviceCode, verificationUriComplete } = await this.device();
    const browser = this.newBrowser();
    const confirm = await this.annaSignsIn(browser, await browser.open(verificationUriComplete));
    await browser.submit(confirm, { decision: 'allow' });
    const { status, body } = await pollDevice(this.plane, this.client, deviceCode);
    assert.equal(status, 200, JSON.stringify(body));
    return body;
  }
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CreateUserCommand,
  CreateVirtualMFADeviceCommand,
  DeactivateMFADeviceCommand,
  DeleteVirtualMFADeviceCommand,
  EnableMFADeviceCommand,
  GetAccountSummaryCommand,
  ListMFADevicesCommand,
  ListUsersCommand,
  ListVirtualMFADevicesCommand,
  ResyncMFADeviceCommand,
} from '@aws-sdk/client-iam';
import { GetSessionTokenCommand } from '@aws-sdk/client-sts';
import { decodeSeed, stepAt, totpCode } from '../../../src/identity/accounts/mfa/totp.ts';
import { type Credentials, credentialsOf, newUser, testAccounts } from '../../support/callers.ts';
import { accountId } from '../../support/control-plane.ts';
import { eventsNamed } from '../../support/trail-events.ts';

const accounts = await testAccounts();
let { plane, callers, iam } = accounts;

/** A device as its owner has it: it shows codes. */
class Device {
  readonly serial: string;
  readonly seed: string;
  readonly png: Uint8Array;
  /** By how many steps its clock is fast. */
  drift = 0;

  constructor(serial: string, seed: string, png: Uint8Array) {
    this.serial = serial;
    this.seed = seed;
    this.png = png;
  }

  /** @param steps later than now */
  code(steps = 0): string {
    const step = stepAt(plane.machine.clock.nowMs()) + this.drift + steps;
    return totpCode(decodeSeed(this.seed), step);
  }

  /** A code that is not right for any time near now. */
  wrongCode(): string {
    const near = Array.from({ length: 61 }, (_, i) => this.code(i - 30));
    const found = Array.from({ length: 100 }, (_, i) => String(i).padStart(6, '0'));
    return found.find((code) => !near.includes(code)) ?? '';
  }
}

async function newDevice(name: string): Promise<Device> {
  const { VirtualMFADevice: made } = await iam.send(
    new CreateVirtualMFADeviceCommand({ VirtualMFADeviceName: name }),
  );
  const seed = Buffer.from(made?.Base32StringSeed ?? []).toString('ascii');
  return new Device(made?.SerialNumber ?? '', seed, made?.QRCodePNG ?? new Uint8Array());
}

function enable(UserName: string, device: Device, codes = [device.code(-1), device.code()]) {
  const [AuthenticationCode1 = '', AuthenticationCode2 = ''] = codes;
  const { serial: SerialNumber } = device;
  return iam.send(
    new EnableMFADeviceCommand({
      UserName,
      SerialNumber,
      AuthenticationCode1,
      AuthenticationCode2,
    }),
  );
}

/** A user with an enabled device; the next code is a fresh one. */
async function userWithDevice(name: string): Promise<{ credentials: Credentials; device: Device }> {
  const administrator = 'arn:aws:iam::aws:policy/AdministratorAccess';
  const credentials = await newUser(iam, name, { attached: [administrator] });
  const device = await newDevice(name);
  await enable(name, device);
  await plane.advance(30_000);
  return { credentials, device };
}

function session(credentials: Credentials, device: Device, TokenCode = device.code()) {
  const { serial: SerialNumber } = device;
  return callers.as(credentials).sts.send(new GetSessionTokenCommand({ SerialNumber, TokenCode }));
}

const invalidCode = {
  name: 'AccessDenied',
  message: 'MultiFactorAuthentication failed with invalid MFA one time pass code. ',
};

test('CreateVirtualMFADevice: a new device has a serial number, a 64-character seed and a QR code', async () => {
  const device = await newDevice('phone');
  assert.equal(device.serial, `arn:aws:iam::${accountId}:mfa/phone`);
  assert.match(device.seed, /^[A-Z2-7]{64}$/);
  assert.deepEqual([...device.png.subarray(0, 4)], [0x89, 0x50, 0x4e, 0x47]);
  const event = (await eventsNamed(plane, 'CreateVirtualMFADevice')).at(-1);
  assert.deepEqual(event?.responseElements, {
    virtualMFADevice: { serialNumber: device.serial },
  });
  assert.ok(!plane.written.includes(device.seed));
  await assert.rejects(newDevice('PHONE'), { name: 'EntityAlreadyExistsException' });
  const { serial: SerialNumber } = device;
  await iam.send(new DeleteVirtualMFADeviceCommand({ SerialNumber }));
  await assert.rejects(iam.send(new DeleteVirtualMFADeviceCommand({ SerialNumber })), {
    name: 'NoSuchEntityException',
  });
});

test('EnableMFADevice, ListMFADevices, DeleteVirtualMFADevice: only two consecutive codes assign a device', async () => {
  await iam.send(new CreateUserCommand({ UserName: 'anna' }));
  const device = await newDevice('anna');
  const wrong = {
    name: 'InvalidAuthenticationCodeException',
    message: 'Authentication code for device is not valid.',
  };
  await assert.rejects(enable('anna', device, [device.code(), device.code(-1)]), wrong);
  await assert.rejects(enable('anna', device, [device.code(), device.code()]), wrong);
  await assert.rejects(enable('anna', device, [device.code(-2), device.code()]), wrong);
  await enable('anna', device);
  await assert.rejects(enable('anna', device), { name: 'EntityAlreadyExistsException' });
  const { MFADevices } = await iam.send(new ListMFADevicesCommand({ UserName: 'anna' }));
  assert.deepEqual(
    MFADevices?.map(({ SerialNumber }) => SerialNumber),
    [device.serial],
  );
  const assigned = await iam.send(
    new ListVirtualMFADevicesCommand({ AssignmentStatus: 'Assigned' }),
  );
  assert.ok(assigned.VirtualMFADevices?.some(({ User }) => User?.UserName === 'anna'));
  await assert.rejects(
    iam.send(new DeleteVirtualMFADeviceCommand({ SerialNumber: device.serial })),
    { name: 'DeleteConflictException' },
  );
});

test('a session with an MFA code is allowed what the same session without one is denied', async () => {
  const { credentials, device } = await userWithDevice('bert');
  const { sts } = callers.as(credentials);
  const weak = await sts.send(new GetSessionTokenCommand({}));
  await assert.rejects(
    callers.as(credentialsOf(weak.Credentials)).iam.send(new ListUsersCommand({})),
    { name: 'InvalidClientTokenId' },
  );
  const strong = await session(credentials, device);
  await callers.as(credentialsOf(strong.Credentials)).iam.send(new ListUsersCommand({}));
  const event = (await eventsNamed(plane, 'ListUsers')).at(-1);
  const { type, sessionContext } = event?.userIdentity ?? {};
  assert.equal(type, 'IAMUser');
  assert.equal(
    (sessionContext as { attributes: { mfaAuthenticated: string } }).attributes.mfaAuthenticated,
    'true',
  );
});

test('no code is accepted twice', async () => {
  const { credentials, device } = await userWithDevice('carl');
  const code = device.code();
  await session(credentials, device, code);
  await assert.rejects(session(credentials, device, code), invalidCode);
  await assert.rejects(session(credentials, device, device.code(-1)), invalidCode);
  await plane.advance(30_000);
  await session(credentials, device);
});

test('a used code is not accepted again after a restart', async () => {
  const { credentials, device } = await userWithDevice('dora');
  const code = device.code();
  await session(credentials, device, code);
  ({ plane, callers, iam } = await accounts.restart());
  await assert.rejects(session(credentials, device, code), invalidCode);
});

test('a code may be one time step early or late, but not two', async () => {
  const { credentials, device } = await userWithDevice('emil');
  await plane.advance(300_000);
  await session(credentials, device, device.code(-1));
  await plane.advance(300_000);
  await assert.rejects(session(credentials, device, device.code(2)), invalidCode);
  await session(credentials, device, device.code());
  await plane.advance(300_000);
  await session(credentials, device, device.code(1));
});

test('ResyncMFADevice: a drifting device clock is tracked, and a device out of sync can be resynchronized', async () => {
  const { credentials, device } = await userWithDevice('frida');
  for (const drift of [1, 2, 3]) {
    device.drift = drift;
    await plane.advance(60_000);
    await session(credentials, device);
  }
  device.drift = 15;
  await plane.advance(60_000);
  await assert.rejects(session(credentials, device), invalidCode);
  await iam.send(
    new ResyncMFADeviceCommand({
      UserName: 'frida',
      SerialNumber: device.serial,
      AuthenticationCode1: device.code(-1),
      AuthenticationCode2: device.code(),
    }),
  );
  await plane.advance(30_000);
  await session(credentials, device);
});

test('after five wrong codes, codes of the device are refused for five minutes', async () => {
  const { credentials, device } = await userWithDevice('gerd');
  for (let i = 0; i < 5; i += 1) {
    await assert.rejects(session(credentials, device, device.wrongCode()), invalidCode);
  }
  await assert.rejects(session(credentials, device), {
    name: 'AccessDenied',
    message: 'Too many wrong codes for this MFA device; try again in 5 minutes.',
  });
  await plane.advance(300_000);
  await session(credentials, device);
});

test('a code of another user’s device or without a serial number is refused', async () => {
  const { device } = await userWithDevice('hanna');
  const { credentials } = await userWithDevice('ida');
  const unable = { name: 'AccessDenied', message: /unable to validate MFA code/ };
  await assert.rejects(session(credentials, device), unable);
  const { sts } = callers.as(credentials);
  const TokenCode = device.code();
  await assert.rejects(sts.send(new GetSessionTokenCommand({ TokenCode })), unable);
  const event = (await eventsNamed(plane, 'GetSessionToken')).at(-1);
  assert.equal(event?.errorCode, 'AccessDenied');
  assert.ok(!JSON.stringify(event).includes(TokenCode));
});

test('DeactivateMFADevice: a deactivated device has no effect and can be assigned again', async () => {
  const { credentials, device } = await userWithDevice('jan');
  const named = { UserName: 'jan', SerialNumber: device.serial };
  await iam.send(new DeactivateMFADeviceCommand(named));
  await assert.rejects(session(credentials, device), { name: 'AccessDenied' });
  await plane.advance(60_000);
  await enable('jan', device);
  await plane.advance(30_000);
  await session(credentials, device);
});

test('a user has at most eight devices', async () => {
  await iam.send(new CreateUserCommand({ UserName: 'kurt' }));
  for (let i = 0; i < 8; i += 1) await enable('kurt', await newDevice(`kurt-${i}`));
  await assert.rejects(enable('kurt', await newDevice('kurt-8')), {
    name: 'LimitExceededException',
    message: 'Cannot exceed quota for MFADevicesPerUser: 8',
  });
});

test('the root user has MFA devices of its own and proves a second factor with one', async () => {
  const device = await newDevice('root-device');
  await assert.rejects(session(plane.credentials, device), { name: 'AccessDenied' });
  await enable('root', device);
  const { MFADevices } = await iam.send(new ListMFADevicesCommand({}));
  assert.deepEqual(
    MFADevices?.map(({ UserName, SerialNumber }) => [UserName, SerialNumber]),
    [['root', device.serial]],
  );
  const { VirtualMFADevices } = await iam.send(
    new ListVirtualMFADevicesCommand({ AssignmentStatus: 'Assigned' }),
  );
  const listed = VirtualMFADevices?.find(({ SerialNumber }) => SerialNumber === device.serial);
  assert.equal(listed?.User?.Arn, `arn:aws:iam::${accountId}:root`);
  const { SummaryMap } = await iam.send(new GetAccountSummaryCommand({}));
  assert.equal(SummaryMap?.['AccountMFAEnabled'], 1);
  await plane.advance(30_000);
  await assert.rejects(session(plane.credentials, device, device.wrongCode()), invalidCode);
  const { Credentials: issued } = await session(plane.credentials, device);
  // Sessions without a second factor may not call IAM.
  await callers.as(credentialsOf(issued)).iam.send(new ListUsersCommand({}));
  const event = (await eventsNamed(plane, 'ListUsers')).at(-1);
  assert.equal(event?.userIdentity.type, 'Root');
  assert.match(JSON.stringify(event?.userIdentity.sessionContext), /"mfaAuthenticated":"true"/);
});

test('a user cannot use, list or take the devices of the root user', async () => {
  const device = await newDevice('root-device-2');
  await enable('root', device);
  const administrator = 'arn:aws:iam::aws:policy/AdministratorAccess';
  const credentials = await newUser(iam, 'lena', { attached: [administrator] });
  const other = callers.as(credentials).iam;
  const named = { UserName: 'root', SerialNumber: device.serial };
  await assert.rejects(other.send(new DeactivateMFADeviceCommand(named)), {
    name: 'NoSuchEntityException',
  });
  await assert.rejects(other.send(new ListMFADevicesCommand({ UserName: 'root' })), {
    name: 'NoSuchEntityException',
  });
  await plane.advance(30_000);
  await assert.rejects(session(credentials, device), { name: 'AccessDenied' });
  await iam.send(new DeactivateMFADeviceCommand({ SerialNumber: device.serial }));
  await assert.rejects(session(plane.credentials, device), { name: 'AccessDenied' });
});

test('a user with the name root keeps that name in calls of the root user', async () => {
  await iam.send(new CreateUserCommand({ UserName: 'root' }));
  const device = await newDevice('of-user-root');
  await enable('root', device);
  const { MFADevices } = await iam.send(new ListMFADevicesCommand({ UserName: 'root' }));
  assert.deepEqual(
    MFADevices?.map(({ SerialNumber }) => SerialNumber),
    [device.serial],
  );
  const own = await iam.send(new ListMFADevicesCommand({}));
  assert.ok(!own.MFADevices?.some(({ SerialNumber }) => SerialNumber === device.serial));
});

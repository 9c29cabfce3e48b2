// The IAM operations on MFA devices.

import {
  blob,
  enumeration,
  freeText,
  list,
  map,
  required,
  sensitive,
  string,
  structure,
  timestamp,
} from '../../../aws/shapes/shape.ts';
import { otpUri } from '../../../identity/accounts/mfa/otp-uri.ts';
import { pageOf } from '../../../identity/accounts/pages.ts';
import type { DeviceRecord } from '../../../identity/accounts/records.ts';
import { answer, done, iamOperation, pageMembers } from '../declare.ts';
import type { IamParts } from '../parts.ts';
import { qrCodePng } from '../qr-code.ts';
import {
  existingUserName,
  nothing,
  pageInput,
  pageOutput,
  path,
  serialNumber,
  tags,
  user,
} from '../shapes/common.ts';
import { listedUserView, tagsView } from '../views.ts';

/** AWS does not limit the length; the serial number may have 256 characters. */
const deviceName = freeText('device name', string({ min: 1, max: 128, pattern: /^[\w+=,.@-]+$/ }));
const code = sensitive(string({ min: 6, max: 6, pattern: /^\d+$/ }));
const virtualDevice = structure({
  SerialNumber: required(serialNumber),
  Base32StringSeed: sensitive(blob()),
  QRCodePNG: sensitive(blob()),
  User: user,
  EnableDate: timestamp(),
  Tags: tags,
});
const synchronisation = structure({
  UserName: required(existingUserName),
  SerialNumber: required(serialNumber),
  AuthenticationCode1: required(code),
  AuthenticationCode2: required(code),
});

/** Creates a virtual MFA device. Its seed is returned only once. */
export const createVirtualMFADevice = ({ iam }: IamParts) =>
  iamOperation('CreateVirtualMFADevice', {
    input: structure({ Path: path, VirtualMFADeviceName: required(deviceName), Tags: tags }),
    output: structure({ VirtualMFADevice: required(virtualDevice) }),
    resources: ({ VirtualMFADeviceName: name, Path = '/' }) => [
      iam.devices.serialOf({ name, path: Path }),
    ],
    handle: async ({ VirtualMFADeviceName: name, Path = '/', Tags }, call) => {
      const first = iam.devices.create(name, Path, Tags, call);
      const png = await qrCodePng(otpUri(name, call.accountId, first.output.seed));
      return () => {
        // Another device could have got the name in the meantime.
        iam.devices.requireFree(name);
        return answer(first, ({ record, seed }) => ({
          VirtualMFADevice: {
            SerialNumber: iam.devices.serialOf(record),
            Base32StringSeed: Buffer.from(seed, 'ascii'),
            QRCodePNG: png,
            ...(record.tags.length > 0 && { Tags: tagsView(record.tags) }),
          },
        }));
      };
    },
  });

/** Deletes a virtual MFA device that is not assigned. */
export const deleteVirtualMFADevice = ({ iam }: IamParts) =>
  iamOperation('DeleteVirtualMFADevice', {
    input: structure({ SerialNumber: required(serialNumber) }),
    output: nothing,
    resources: ({ SerialNumber }) => [SerialNumber],
    handle: ({ SerialNumber }) => done(iam.devices.delete(SerialNumber)),
  });

/** Assigns an MFA device to a user, who proves its possession. */
export const enableMFADevice = ({ iam }: IamParts) =>
  iamOperation('EnableMFADevice', {
    input: synchronisation,
    output: nothing,
    resources: ({ UserName }) => [iam.arnNamed('user', UserName)],
    handle: ({ UserName, SerialNumber, AuthenticationCode1, AuthenticationCode2 }, call) => {
      const codes = [AuthenticationCode1, AuthenticationCode2] as const;
      return done(iam.devices.enable(iam.users.require(UserName), SerialNumber, codes, call));
    },
  });

/** Takes an MFA device from a user. */
export const deactivateMFADevice = ({ iam }: IamParts) =>
  iamOperation('DeactivateMFADevice', {
    input: structure({ UserName: existingUserName, SerialNumber: required(serialNumber) }),
    output: nothing,
    resources: ({ UserName }, { caller }) => [
      iam.arnNamed('user', UserName ?? caller.userName ?? ''),
    ],
    handle: ({ UserName, SerialNumber }, call) => {
      const owner = iam.users.require(iam.users.nameOr(UserName, call));
      return done(iam.devices.deactivate(owner, SerialNumber));
    },
  });

/** Adjusts to the clock of an MFA device. */
export const resyncMFADevice = ({ iam }: IamParts) =>
  iamOperation('ResyncMFADevice', {
    input: synchronisation,
    output: nothing,
    resources: ({ UserName }) => [iam.arnNamed('user', UserName)],
    handle: ({ UserName, SerialNumber, AuthenticationCode1, AuthenticationCode2 }, call) => {
      const codes = [AuthenticationCode1, AuthenticationCode2] as const;
      return done(iam.devices.resync(iam.users.require(UserName), SerialNumber, codes, call));
    },
  });

/** Lists the MFA devices of a user, or of the caller. */
export const listMFADevices = ({ iam }: IamParts) =>
  iamOperation('ListMFADevices', {
    input: structure({ UserName: existingUserName, ...pageInput }),
    output: structure({
      MFADevices: required(
        list(
          structure({
            UserName: required(existingUserName),
            SerialNumber: required(serialNumber),
            EnableDate: required(timestamp()),
          }),
        ),
      ),
      ...pageOutput,
    }),
    resources: ({ UserName }, { caller }) => [
      UserName === undefined && caller.userName === undefined
        ? caller.arn
        : iam.arnNamed('user', UserName ?? caller.userName ?? ''),
    ],
    handle: (input, call) => {
      if (input.UserName === undefined && call.caller.type === 'root') {
        return { output: { MFADevices: [], IsTruncated: false } };
      }
      const owner = iam.users.require(iam.users.nameOr(input.UserName, call));
      const page = pageOf(iam.devices.of(owner), ({ name }) => name, input);
      const MFADevices = page.items.map((device) => ({
        UserName: owner.name,
        SerialNumber: iam.devices.serialOf(device),
        EnableDate: device.enabledMs ?? device.createdMs,
      }));
      return { output: { MFADevices, ...pageMembers(page) } };
    },
  });

/** Lists the virtual MFA devices of the account. */
export const listVirtualMFADevices = ({ iam }: IamParts) =>
  iamOperation('ListVirtualMFADevices', {
    input: structure({
      AssignmentStatus: enumeration(['Assigned', 'Unassigned', 'Any']),
      ...pageInput,
    }),
    output: structure({ VirtualMFADevices: required(list(virtualDevice)), ...pageOutput }),
    resources: () => [`arn:aws:iam::${iam.accountId()}:mfa/*`],
    handle: (input) => {
      const { AssignmentStatus = 'Any' } = input;
      const isListed = ({ ownerId }: DeviceRecord) =>
        AssignmentStatus === 'Any' || (AssignmentStatus === 'Assigned') === (ownerId !== undefined);
      const found = [...iam.journal.devices()].filter(isListed);
      const page = pageOf(found, ({ name }) => name, input);
      const VirtualMFADevices = page.items.map((device) => {
        const owner = iam.journal.users.byId(device.ownerId ?? '');
        return {
          SerialNumber: iam.devices.serialOf(device),
          ...(owner && { User: listedUserView(iam, owner) }),
          ...(device.enabledMs !== undefined && { EnableDate: device.enabledMs }),
        };
      });
      return { output: { VirtualMFADevices, ...pageMembers(page) } };
    },
  });

/** Returns an MFA device. */
export const getMFADevice = ({ iam }: IamParts) =>
  iamOperation('GetMFADevice', {
    input: structure({ SerialNumber: required(serialNumber), UserName: existingUserName }),
    output: structure({
      UserName: existingUserName,
      SerialNumber: required(serialNumber),
      EnableDate: timestamp(),
      Certifications: map(string(), string()),
    }),
    resources: ({ SerialNumber, UserName }) => [
      UserName === undefined ? SerialNumber : iam.arnNamed('user', UserName),
    ],
    handle: ({ SerialNumber, UserName }) => {
      const owner = UserName === undefined ? undefined : iam.users.require(UserName);
      const device = owner
        ? iam.devices.requireOf(owner, SerialNumber)
        : iam.devices.require(SerialNumber);
      const named = owner ?? iam.journal.users.byId(device.ownerId ?? '');
      return {
        output: {
          SerialNumber,
          ...(named && { UserName: named.name }),
          ...(device.enabledMs !== undefined && { EnableDate: device.enabledMs }),
        },
      };
    },
  });

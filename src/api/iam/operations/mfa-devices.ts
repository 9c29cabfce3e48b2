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
import type { CallContext } from '../../../calls/call-context.ts';
import { rootArn } from '../../../identity/accounts/arns.ts';
import type { DeviceOwner } from '../../../identity/accounts/mfa/devices.ts';
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
/** The name of the root user in requests and answers. */
const rootName = 'root';
const root = { name: rootName };

/** The owner of devices that a request names. */
interface NamedOwner extends DeviceOwner {
  readonly name: string;
}

/** Whether the root user calls about itself: it names nobody, or `root` if no user has that name. */
function isOfRoot({ iam }: IamParts, name: string | undefined, { caller }: CallContext): boolean {
  if (caller.type !== 'root') return false;
  return name === undefined || (name === rootName && iam.journal.users.named(name) === undefined);
}

/** The user that a request names, or the caller. */
function ownerOf(parts: IamParts, name: string | undefined, call: CallContext): NamedOwner {
  const { users } = parts.iam;
  if (isOfRoot(parts, name, call)) return { id: call.accountId, name: rootName };
  return users.require(users.nameOr(name, call));
}

/** The ARN of {@link ownerOf}, even of a user that does not exist. */
function ownerArn(parts: IamParts, name: string | undefined, call: CallContext): string {
  const { caller } = call;
  const own = name ?? caller.userName;
  if (own === undefined || isOfRoot(parts, name, call)) return caller.arn;
  return parts.iam.arnNamed('user', own);
}

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
export const enableMFADevice = (parts: IamParts) =>
  iamOperation('EnableMFADevice', {
    input: synchronisation,
    output: nothing,
    resources: ({ UserName }, call) => [ownerArn(parts, UserName, call)],
    handle: ({ UserName, SerialNumber, AuthenticationCode1, AuthenticationCode2 }, call) => {
      const codes = [AuthenticationCode1, AuthenticationCode2] as const;
      const owner = ownerOf(parts, UserName, call);
      return done(parts.iam.devices.enable(owner, SerialNumber, codes, call));
    },
  });

/** Takes an MFA device from a user. */
export const deactivateMFADevice = (parts: IamParts) =>
  iamOperation('DeactivateMFADevice', {
    input: structure({ UserName: existingUserName, SerialNumber: required(serialNumber) }),
    output: nothing,
    resources: ({ UserName }, call) => [ownerArn(parts, UserName, call)],
    handle: ({ UserName, SerialNumber }, call) => {
      const owner = ownerOf(parts, UserName, call);
      return done(parts.iam.devices.deactivate(owner, SerialNumber));
    },
  });

/** Adjusts to the clock of an MFA device. */
export const resyncMFADevice = (parts: IamParts) =>
  iamOperation('ResyncMFADevice', {
    input: synchronisation,
    output: nothing,
    resources: ({ UserName }, call) => [ownerArn(parts, UserName, call)],
    handle: ({ UserName, SerialNumber, AuthenticationCode1, AuthenticationCode2 }, call) => {
      const codes = [AuthenticationCode1, AuthenticationCode2] as const;
      const owner = ownerOf(parts, UserName, call);
      return done(parts.iam.devices.resync(owner, SerialNumber, codes, call));
    },
  });

/** Lists the MFA devices of a user, or of the caller. */
export const listMFADevices = (parts: IamParts) =>
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
    resources: ({ UserName }, call) => [ownerArn(parts, UserName, call)],
    handle: (input, call) => {
      const { iam } = parts;
      const owner = ownerOf(parts, input.UserName, call);
      const page = pageOf(iam.devices.of(owner), ({ name }) => name, input);
      const MFADevices = page.items.map((device) => ({
        UserName: owner.name,
        SerialNumber: iam.devices.serialOf(device),
        EnableDate: device.enabledMs ?? device.createdMs,
      }));
      return { output: { MFADevices, ...pageMembers(page) } };
    },
  });

/** The owner of a device as lists show it. */
function listedOwner({ iam, identity }: IamParts, { ownerId }: DeviceRecord) {
  if (ownerId === undefined) return {};
  const accountId = iam.accountId();
  if (ownerId === accountId) {
    const Arn = rootArn(accountId);
    const CreateDate = identity.createdMs;
    return { User: { Path: '/', UserName: rootName, UserId: accountId, Arn, CreateDate } };
  }
  const owner = iam.journal.users.byId(ownerId);
  return owner ? { User: listedUserView(iam, owner) } : {};
}

/** Lists the virtual MFA devices of the account. */
export const listVirtualMFADevices = (parts: IamParts) =>
  iamOperation('ListVirtualMFADevices', {
    input: structure({
      AssignmentStatus: enumeration(['Assigned', 'Unassigned', 'Any']),
      ...pageInput,
    }),
    output: structure({ VirtualMFADevices: required(list(virtualDevice)), ...pageOutput }),
    resources: () => [`arn:aws:iam::${parts.iam.accountId()}:mfa/*`],
    handle: (input) => {
      const { iam } = parts;
      const { AssignmentStatus = 'Any' } = input;
      const isListed = ({ ownerId }: DeviceRecord) =>
        AssignmentStatus === 'Any' || (AssignmentStatus === 'Assigned') === (ownerId !== undefined);
      const found = [...iam.journal.devices()].filter(isListed);
      const page = pageOf(found, ({ name }) => name, input);
      const VirtualMFADevices = page.items.map((device) => ({
        SerialNumber: iam.devices.serialOf(device),
        ...listedOwner(parts, device),
        ...(device.enabledMs !== undefined && { EnableDate: device.enabledMs }),
      }));
      return { output: { VirtualMFADevices, ...pageMembers(page) } };
    },
  });

/** Returns an MFA device. */
export const getMFADevice = (parts: IamParts) =>
  iamOperation('GetMFADevice', {
    input: structure({ SerialNumber: required(serialNumber), UserName: existingUserName }),
    output: structure({
      UserName: existingUserName,
      SerialNumber: required(serialNumber),
      EnableDate: timestamp(),
      Certifications: map(string(), string()),
    }),
    resources: ({ SerialNumber, UserName }, call) => [
      UserName === undefined ? SerialNumber : ownerArn(parts, UserName, call),
    ],
    handle: ({ SerialNumber, UserName }, call) => {
      const { iam } = parts;
      const owner = UserName === undefined ? undefined : ownerOf(parts, UserName, call);
      const device = owner
        ? iam.devices.requireOf(owner, SerialNumber)
        : iam.devices.require(SerialNumber);
      const isOfAccount = device.ownerId === iam.accountId();
      const named = isOfAccount ? root : (owner ?? iam.journal.users.byId(device.ownerId ?? ''));
      return {
        output: {
          SerialNumber,
          ...(named && { UserName: named.name }),
          ...(device.enabledMs !== undefined && { EnableDate: device.enabledMs }),
        },
      };
    },
  });

// The MFA device of a new administrator.

import { otpUri } from '../../identity/accounts/mfa/otp-uri.ts';
import { membersAt, textAt } from '../access/call-query.ts';
import type { Prompts } from '../access/prompts.ts';
import type { IamCalls } from './account-set-up.ts';

/** Attempts to enter the codes. */
const attemptCountMax = 3;

/** Who gets a device. */
interface DeviceOwner {
  readonly name: string;
  readonly accountId: string;
}

/**
 * Creates a virtual MFA device, shows it as a QR code, and enables it with two codes. A device that
 * is enabled already stays; one that an interrupted run left is created again.
 *
 * @returns the serial number
 */
export async function enableDevice(
  iam: IamCalls,
  prompts: Prompts,
  { name, accountId }: DeviceOwner,
): Promise<string> {
  const [enabled] = membersAt(await iam.call('ListMFADevices', { UserName: name }), 'MFADevices');
  if (enabled !== undefined) return textAt(enabled, 'SerialNumber');
  const serial = `arn:aws:iam::${accountId}:mfa/${name}`;
  await iam.unless('NoSuchEntity', 'DeleteVirtualMFADevice', { SerialNumber: serial });
  const made = await iam.call('CreateVirtualMFADevice', { VirtualMFADeviceName: name });
  const encoded = textAt(made, 'VirtualMFADevice', 'Base32StringSeed');
  const seed = Buffer.from(encoded, 'base64').toString('ascii');
  await showDevice(otpUri(name, accountId, seed), seed);
  for (let attempt = 1; ; attempt += 1) {
    const AuthenticationCode1 = await prompts.line('First code: ');
    const AuthenticationCode2 = await prompts.line('Next code: ');
    const codes = { AuthenticationCode1, AuthenticationCode2 };
    const request = { UserName: name, SerialNumber: serial, ...codes };
    const isLast = attempt === attemptCountMax;
    const done = isLast
      ? await iam.call('EnableMFADevice', request)
      : await iam.unless('InvalidAuthenticationCode', 'EnableMFADevice', request);
    if (done !== undefined) return serial;
    process.stderr.write('These are not two consecutive codes of the device; try again.\n');
  }
}

async function showDevice(uri: string, seed: string): Promise<void> {
  const { default: qrCode } = await import('qrcode');
  process.stderr.write('Scan this code with an authenticator app:\n\n');
  process.stderr.write(await qrCode.toString(uri, { type: 'terminal', small: true }));
  process.stderr.write(`\nOr enter the key: ${seed}\n`);
  process.stderr.write('Then enter two consecutive codes. The key is not shown again.\n');
}

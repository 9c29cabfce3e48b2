// The text of the QR code by which an authenticator app adds a device.

const issuer = 'Amazon Web Services';

/**
 * Builds the URI of a device.
 *
 * @param name the name of the device
 * @param seed base32
 */
export function otpUri(name: string, accountId: string, seed: string): string {
  const label = `${encodeURIComponent(issuer)}:${encodeURIComponent(`${name}@${accountId}`)}`;
  return `otpauth://totp/${label}?secret=${seed}&issuer=${encodeURIComponent(issuer)}`;
}

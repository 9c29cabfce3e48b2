// The secrets that `waxwing rotate` replaces.

/** What can be rotated. */
export const rotatedSecrets = ['metrics-token', 'default-broker-password'] as const;

/** One of {@link rotatedSecrets}. */
export type RotatedSecret = (typeof rotatedSecrets)[number];

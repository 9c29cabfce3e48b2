// The quotas of IAM.

/** Maximum numbers and sizes. Sizes are in characters without whitespace, as AWS counts them. */
export const quotas = {
  usersPerAccount: 5000,
  groupsPerAccount: 300,
  rolesPerAccount: 1000,
  policiesPerAccount: 1500,
  devicesPerAccount: 5000,
  providersPerAccount: 100,
  clientsPerProvider: 100,
  groupsPerUser: 10,
  accessKeysPerUser: 2,
  devicesPerUser: 8,
  attachedPerEntity: 10,
  versionsPerPolicy: 5,
  tags: 50,
  managedPolicySize: 6144,
  trustPolicySize: 2048,
  /** The total of all inline policies of one entity. */
  inlinePolicySize: { user: 2048, group: 5120, role: 10_240 },
} as const;

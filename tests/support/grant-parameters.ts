// The request parameters in the events of the grants that Amazon MQ creates for a broker.

/** The grant with which Amazon MQ uses the key on behalf of the requester. */
export const serviceGrant = (keyId: string) => ({
  granteePrincipal: 'mq.amazonaws.com',
  keyId,
  retiringPrincipal: 'mq.amazonaws.com',
  operations: [
    'CreateGrant',
    'Decrypt',
    'GenerateDataKeyWithoutPlaintext',
    'ReEncryptFrom',
    'ReEncryptTo',
    'DescribeKey',
  ],
});

/** The grant for a volume, which only opens that volume. */
export const volumeGrant = (keyId: string, volumeId: string, region: string) => ({
  granteePrincipal: 'mq.amazonaws.com',
  keyId,
  constraints: { encryptionContextSubset: { 'aws:ebs:id': volumeId } },
  operations: ['Decrypt'],
  retiringPrincipal: `ec2.${region}.amazonaws.com`,
});

/** The members of the event of a volume's grant that do not depend on the broker. */
export const volumeGrantEvent = {
  userIdentity: { type: 'AWSService', invokedBy: 'mq.amazonaws.com' },
  eventSource: 'kms.amazonaws.com',
  sourceIPAddress: 'mq.amazonaws.com',
  userAgent: 'mq.amazonaws.com',
} as const;

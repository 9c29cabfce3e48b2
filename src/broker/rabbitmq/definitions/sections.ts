// Names in definitions.

/** The components of parameters in which definitions contain other objects. */
export const specialComponents = {
  operatorPolicy: 'operator_policy',
  vhostLimits: 'vhost-limits',
} as const;

/** The field of a user with a hash of this program, which RabbitMQ ignores. */
export const ownHashField = 'waxwing_password_hash';

// Shapes that several Amazon MQ operations use.

import {
  boolean,
  enumeration,
  freeText,
  integer,
  list,
  map,
  required,
  sensitive,
  string,
  structure,
} from '../../../aws/shapes/shape.ts';

/*
 * Shapes that the Amazon MQ operations share, API version 2017-11-27. Input values are not
 * case-sensitive. Output values are written as Amazon MQ writes them: `RabbitMQ`, `ebs`, `simple`,
 * but `SINGLE_INSTANCE`.
 *
 * Amazon MQ's model has no limits. Its documentation limits the names, which the control plane
 * validates with its own messages. The limits here bound the input of the control plane and the
 * audit trail.
 */

/** Values are not case-sensitive. */
export const anyCase = { anyCase: true };

/** An id, name, type, version or time. */
export const text = string({ max: 256 });
/** The ARN of a resource. */
export const arn = string({ max: 2048 });
/** The token of the next page. */
export const nextToken = string({ max: 1024 });
/** The password of a user; never returned. */
export const password = sensitive(string({ max: 1024 }), '***');
/** The groups of a user; Amazon MQ allows 20. */
export const groups = list(freeText('group name', text), { max: 20 });
/**
 * Maximum number of tags in a request. A broker has up to 50, which the control plane validates.
 */
export const tagsInRequestMax = 200;
/** Longer than allowed, so that the control plane can return the exact limit. */
export const tagText = string({ max: 512 });
/** Tags of a broker or a configuration. */
export const tags = map(freeText('tag key', tagText), freeText('tag value', tagText), {
  max: tagsInRequestMax,
});

/** Authentication strategies. */
export const strategy = enumeration(['SIMPLE', 'LDAP', 'CONFIG_MANAGED'], anyCase);

/** A revision of a configuration; by default the newest. */
export const configurationUse = structure({ id: required(text), revision: integer() });

/** An empty structure. */
export const nothing = structure({});

/** A request for a page. */
export const pageRequest = structure({ maxResults: integer(), nextToken });

/** A search base or pattern of an LDAP server. */
const ldapText = string({ min: 1, max: 1024 });

const ldapMembers = {
  hosts: required(list(text, { min: 1, max: 2 })),
  roleBase: required(ldapText),
  roleName: ldapText,
  roleSearchMatching: required(ldapText),
  roleSearchSubtree: boolean(),
  serviceAccountUsername: required(ldapText),
  userBase: required(ldapText),
  userRoleName: ldapText,
  userSearchMatching: required(ldapText),
  userSearchSubtree: boolean(),
};

/** LDAP settings in requests. */
export const ldapInput = structure({
  ...ldapMembers,
  serviceAccountPassword: required(sensitive(string({ min: 1, max: 1024 }), '***')),
});

/** LDAP settings in responses, without the password. */
export const ldapOutput = structure(ldapMembers);

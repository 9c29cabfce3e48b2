import {
  boolean,
  enumeration,
  integer,
  list,
  map,
  required,
  sensitive,
  string,
  structure,
} from '../../../aws/shapes/shape.ts';

/*
 * What Amazon MQ's shapes have in common, API version 2017-11-27. Values of inputs are accepted in any
 * case; values of outputs are written as Amazon MQ writes them: `RabbitMQ`, `ebs`, `simple`, but
 * `SINGLE_INSTANCE`.
 *
 * Amazon MQ's model has no limits. Its documentation limits the names, which control checks with
 * messages of its own. The limits here bound what reaches control and the trail.
 */

/** Values are accepted in any case. */
export const anyCase = { anyCase: true };

/** An id, name, type, version or time. */
export const text = string({ max: 256 });
/** The ARN of a resource. */
export const arn = string({ max: 2048 });
/** Names the page that follows. */
export const nextToken = string({ max: 1024 });
/** Of a user; never shown. */
export const password = sensitive(string({ max: 1024 }), '***');
/** A user's groups; Amazon MQ allows 20. */
export const groups = list(text, { max: 20 });
/** Tags in one request. A broker has up to 50, which control checks. */
export const tagsInRequestMax = 200;
/** More than a tag may have, so that control can say what is allowed. */
export const tagText = string({ max: 512 });
/** Tags of a broker or a configuration. */
export const tags = map(tagText, tagText, { max: tagsInRequestMax });

/** How users are known. */
export const strategy = enumeration(['SIMPLE', 'LDAP', 'CONFIG_MANAGED'], anyCase);

/** A revision of a configuration; the newest where it names none. */
export const configurationUse = structure({ id: required(text), revision: integer() });

/** Nothing. */
export const nothing = structure({});

/** A page that is asked for. */
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

/** How an LDAP server is asked, in requests. */
export const ldapInput = structure({
  ...ldapMembers,
  serviceAccountPassword: required(sensitive(string({ min: 1, max: 1024 }), '***')),
});

/** The same in answers: without the password. */
export const ldapOutput = structure(ldapMembers);

// The rights that tags of users grant, as the management API checks them.

import { person } from '../../broker/session.ts';

/** A right. */
export type Role = 'management' | 'policymaker' | 'monitoring' | 'administrator';

/** The tags that grant each right. */
const granting: Readonly<Record<Role, readonly string[]>> = {
  management: ['management', 'policymaker', 'monitoring', 'administrator'],
  policymaker: ['policymaker', 'administrator'],
  monitoring: ['monitoring', 'administrator'],
  administrator: ['administrator'],
};

/** Whether the person has a right, for what is offered. The broker decides on each request. */
export function hasRole(role: Role): boolean {
  return person()?.tags.some((tag) => granting[role].includes(tag)) ?? false;
}

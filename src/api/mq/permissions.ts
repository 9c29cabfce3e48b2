// The permissions of the Amazon MQ operations.

import type { Permission, Permissions } from '../../aws/service.ts';
import type { Control } from '../../control/control.ts';
import type { MqParts } from './parts.ts';

type Tags = Readonly<Record<string, string>>;
type Values = NonNullable<Permission['values']>;

/** A broker or a configuration. */
interface TaggedResource {
  readonly arn: string;
  readonly tags: Tags;
}

/** The permission for an action on the named broker, or on all brokers if it does not exist. */
export function onBroker<Input extends { readonly brokerId: string }>(
  action: string,
  { control }: MqParts,
) {
  return ({ brokerId }: Input): Permissions => [on(action, control.brokers.get(brokerId))];
}

/** The permission for an action on the named configuration. */
export function onConfiguration<Input extends { readonly configurationId: string }>(
  action: string,
  { control }: MqParts,
) {
  return ({ configurationId }: Input): Permissions => [
    on(action, control.configurations.get(configurationId)),
  ];
}

/** The permission for an action on the tags of a broker or a configuration. */
export function onTags<
  Input extends {
    readonly resourceArn: string;
    readonly tags?: Tags | undefined;
    readonly tagKeys?: readonly string[] | undefined;
  },
>(action: string, { control }: MqParts) {
  return ({ resourceArn, tags, tagKeys }: Input): Permissions => {
    const known = resourceNamed(control, resourceArn);
    const values = {
      ...resourceTags(known?.tags),
      ...requestTags(tags),
      ...(tagKeys && { 'aws:TagKeys': tagKeys }),
    };
    return [{ action, resources: [resourceArn], values }];
  };
}

/** The permissions for the creation of a resource with tags. */
export function creating(action: string, tags: Tags | undefined): Permissions {
  const values = requestTags(tags);
  const create: Permission = { action, resources: [], values };
  return tags ? [create, { action: 'mq:CreateTags', resources: [], values }] : [create];
}

/** The setting of RabbitMQ's configuration by which a broker uses a role. */
const roleSetting = /^[ \t]*aws\.arns\.assume_role_arn[ \t]*=[ \t]*['"]?([^\s'"]+)/gm;

/** The permission to give a broker the roles that its configuration names; empty without roles. */
export function passingRoles(
  { control }: MqParts,
  use: { readonly id?: string | undefined; readonly revision?: number | undefined } | undefined,
): Permission[] {
  const configuration = control.configurations.get(use?.id ?? '');
  if (configuration === undefined) return [];
  const { id, latest } = configuration;
  const revision = control.configurations.revision(id, use?.revision ?? latest.revision);
  const roles = [...(revision?.text ?? '').matchAll(roleSetting)].flatMap(([, role]) => role ?? []);
  if (roles.length === 0) return [];
  const values = { 'iam:PassedToService': 'mq.amazonaws.com' };
  return [{ action: 'iam:PassRole', resources: [...new Set(roles)], values }];
}

function on(action: string, resource: TaggedResource | undefined): Permission {
  if (resource === undefined) return { action, resources: [] };
  return { action, resources: [resource.arn], values: resourceTags(resource.tags) };
}

function resourceNamed(control: Control, arn: string): TaggedResource | undefined {
  const id = arn.slice(arn.lastIndexOf(':') + 1);
  const found: TaggedResource | undefined =
    control.brokers.get(id) ?? control.configurations.get(id);
  return found?.arn === arn ? found : undefined;
}

function resourceTags(tags: Tags = {}): Values {
  const entries = Object.entries(tags);
  return Object.fromEntries(entries.map(([key, value]) => [`aws:ResourceTag/${key}`, value]));
}

function requestTags(tags: Tags = {}): Values {
  const entries = Object.entries(tags);
  return {
    ...Object.fromEntries(entries.map(([key, value]) => [`aws:RequestTag/${key}`, value])),
    ...(entries.length > 0 && { 'aws:TagKeys': entries.map(([key]) => key) }),
  };
}

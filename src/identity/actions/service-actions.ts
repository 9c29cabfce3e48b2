// How the actions of a service are declared.

/** What an action does, in the words of the service authorization reference. */
export type Access = 'List' | 'Read' | 'Write' | 'Tagging' | 'Permissions management';

/** An action that policies can allow or deny. */
export interface ActionEntry {
  /** Without the prefix: `CreateBroker`. */
  readonly name: string;
  readonly access: Access;
  /** The types of its resources; empty if its only resource is `*`. */
  readonly resources: readonly string[];
  /** Its condition keys, besides those of every call. `${k}` stands for the key of a tag or pair. */
  readonly keys: readonly string[];
  /** Whether no operation has its name: it is checked as a part of others. */
  readonly isPermissionOnly: boolean;
}

/** The actions of a service. */
export interface ServiceActions {
  /** `mq` */
  readonly prefix: string;
  /** The forms of ARNs by type of resource. */
  readonly resources: Readonly<Record<string, string>>;
  readonly actions: readonly ActionEntry[];
}

/** What the actions of one table row have in common. */
type Row = readonly [
  access: Access,
  resources: readonly string[],
  keys: readonly string[],
  /** Separated by spaces. Permission-only actions end with `!`. */
  names: string,
];

/** Declares the actions of a service. Each row has all actions that do not differ otherwise. */
export function serviceActions(
  prefix: string,
  resources: Readonly<Record<string, string>>,
  rows: readonly Row[],
): ServiceActions {
  const actions = rows.flatMap(([access, types, keys, names]) =>
    names
      .trim()
      .split(/\s+/)
      .map((name) => ({
        name: name.replace('!', ''),
        access,
        resources: types,
        keys,
        isPermissionOnly: name.endsWith('!'),
      })),
  );
  return { prefix, resources, actions };
}

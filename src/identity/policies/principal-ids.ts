// The unique ids of the principals that a stored policy names.

import type { CompiledPolicy, CompiledStatement } from './compiled-policy.ts';
import { isObject } from './statements.ts';

/**
 * The unique ids of users, roles and sessions by the ARN that a policy names, at the time when the
 * policy was stored. A user that is deleted and created again has another id, so that the policy
 * does not name it.
 */
export type PrincipalIds = Readonly<Record<string, string>>;

/** Finds the unique ids of principals. */
export interface PrincipalNames {
  /**
   * The unique id behind an ARN: `AIDA…`, `AROA…`, or `AROA…:SESSION`. Undefined if no such user or
   * role exists, and for principals without unique ids: accounts, root users, services.
   */
  idOf(arn: string): string | undefined;
  /** The current ARN of a user, role or session; undefined if the user or role no longer exists. */
  arnOf(id: string): string | undefined;
}

/** Knows no principals. Policies then name principals by ARN only. */
export const noPrincipalNames: PrincipalNames = { idOf: () => undefined, arnOf: () => undefined };

/** Returns the unique ids of the principals that a policy names; undefined if there are none. */
export function principalIdsOf(
  policy: CompiledPolicy,
  names: PrincipalNames,
): PrincipalIds | undefined {
  const arns = policy.statements.flatMap(({ principals }) => [...(principals?.aws ?? [])]);
  const ids = [...new Set(arns)].flatMap((arn) => {
    const id = names.idOf(arn);
    return id === undefined ? [] : [[arn, id] as const];
  });
  return ids.length === 0 ? undefined : Object.fromEntries(ids);
}

/** Returns the policy with unique ids in the place of ARNs. */
export function withPrincipalIds(
  policy: CompiledPolicy,
  ids: PrincipalIds | undefined,
): CompiledPolicy {
  if (ids === undefined) return policy;
  const identified = (statement: CompiledStatement): CompiledStatement => {
    const { principals } = statement;
    if (principals === undefined) return statement;
    const aws = new Set([...principals.aws].map((arn) => idIn(ids, arn)));
    return { ...statement, principals: { ...principals, aws } };
  };
  return {
    ...policy,
    statements: policy.statements.map(identified),
    denies: policy.denies.map(identified),
    allows: policy.allows.map(identified),
  };
}

/**
 * Returns the text of a policy with the current names of its principals, and the unique ids of those
 * that no longer exist, as AWS shows it. The text is unchanged if all names are current.
 *
 * @param text a valid policy
 */
export function shownPolicy(
  text: string,
  ids: PrincipalIds | undefined,
  names: PrincipalNames,
): string {
  const renamed = new Map(
    Object.entries(ids ?? {}).flatMap(([arn, id]) => {
      const now = shownPrincipal(arn, id, names);
      return now === arn ? [] : [[arn, now] as const];
    }),
  );
  if (renamed.size === 0) return text;
  const document = JSON.parse(text);
  for (const statement of [document.Statement].flat()) {
    for (const member of ['Principal', 'NotPrincipal']) {
      const principals: unknown = statement[member];
      if (!isObject(principals) || principals['AWS'] === undefined) continue;
      statement[member] = { ...principals, AWS: withNames(principals['AWS'], renamed) };
    }
  }
  return JSON.stringify(document);
}

/** The current ARN of a principal that was stored by name, or its id if it no longer exists. */
export function shownPrincipal(
  name: string,
  id: string | undefined,
  names: PrincipalNames,
): string {
  return id === undefined ? name : (names.arnOf(id) ?? id);
}

function withNames(listed: unknown, renamed: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(listed)) return listed.map((each) => withNames(each, renamed));
  return typeof listed === 'string' ? (renamed.get(listed) ?? listed) : listed;
}

function idIn(ids: PrincipalIds, arn: string): string {
  return Object.hasOwn(ids, arn) ? (ids[arn] ?? arn) : arn;
}

// The policies of callers, from the records of users, groups and roles.

import { setImmediate } from 'node:timers/promises';
import type { Caller } from '../../../calls/caller.ts';
import { compileStored } from '../../policies/compile-policy.ts';
import type { CompiledPolicy, PolicyKind, PolicySource } from '../../policies/compiled-policy.ts';
import type {
  PrincipalPolicies,
  PrincipalPolicySource,
} from '../../policies/principal-policies.ts';
import { partsOfArn } from '../arns.ts';
import type { IamJournal } from '../iam-journal.ts';
import type { EntityKind, EntityRecord, RoleRecord, UserRecord } from '../records.ts';
import type { ManagedPolicies } from './managed-policies.ts';

/** Maximum number of callers and documents whose compiled policies are kept. */
const keptCountMax = 1024;

/** Characters of policies that one turn of the event loop compiles. They take about 5 ms. */
const turnCharactersMax = 8192;

/** The text of a policy, and what it is. */
interface PolicyText {
  readonly text: string;
  readonly kind: PolicyKind;
  readonly source: PolicySource;
}

type OwnPolicies = Pick<PrincipalPolicies, 'identity' | 'boundary'>;

const none: OwnPolicies = { identity: [] };

/** Compiles the policies of callers, and keeps them until a policy changes. */
export class PoliciesOfCallers implements PrincipalPolicySource {
  readonly #journal: IamJournal;
  readonly #managed: ManagedPolicies;
  /** By the id of the user or role. */
  readonly #own = new Map<string, OwnPolicies>();
  /** By kind, source and text. */
  readonly #compiled = new Map<string, CompiledPolicy>();
  #changeCount = -1;

  constructor(journal: IamJournal, managed: ManagedPolicies) {
    this.#journal = journal;
    this.#managed = managed;
  }

  policiesOf(caller: Caller): PrincipalPolicies {
    switch (caller.type) {
      case 'root':
        return { identity: [], isAccountRoot: true };
      case 'user':
        return {
          ...this.ofUser(this.#journal.users.byId(caller.principalId)),
          isAccountRoot: false,
        };
      case 'assumed-role':
        return {
          ...this.ofRole(this.#journal.roles.byId(caller.session?.roleId ?? '')),
          session: this.#sessionOf(caller),
          isAccountRoot: false,
        };
      case 'federated-user':
        return this.#ofFederated(caller);
      case 'web-identity':
      case 'sso-user':
      case 'service':
      case 'anonymous':
        return { identity: [], isAccountRoot: false };
    }
  }

  /**
   * Compiles the policies of a caller in several turns of the event loop. A user with ten groups may
   * have more than a hundred policies.
   *
   * @returns undefined if they are compiled already, or take one turn
   */
  prepare(caller: Caller): Promise<void> | undefined {
    const id = entityIdOf(caller);
    const isCurrent = this.#changeCount === this.#journal.policyChangeCount;
    if (id === undefined || (isCurrent && this.#own.has(id))) return undefined;
    const missing = this.#textsOf(id).filter((each) => !this.#compiled.has(keyOf(each)));
    const size = missing.reduce((sum, { text }) => sum + text.length, 0);
    return size > turnCharactersMax ? this.#compileInTurns(missing) : undefined;
  }

  async #compileInTurns(texts: readonly PolicyText[]): Promise<void> {
    let size = 0;
    for (const each of texts) {
      if (size > turnCharactersMax) {
        await setImmediate();
        size = 0;
      }
      this.#compiledOf(each);
      size += each.text.length;
    }
  }

  /** The texts of the policies of a user with its groups, or of a role. */
  #textsOf(id: string): readonly PolicyText[] {
    const { users, groups, roles } = this.#journal;
    const user = users.byId(id);
    if (user === undefined) {
      const role = roles.byId(id);
      return role ? [...this.#policiesOf('role', role)] : [];
    }
    const ofGroups = user.groups.flatMap((each) => groups.byId(each) ?? []);
    return [
      ...this.#policiesOf('user', user),
      ...ofGroups.flatMap((group) => this.#policiesOf('group', group)),
    ];
  }

  /** The policies of a user and of its groups. */
  ofUser(user: UserRecord | undefined): OwnPolicies {
    if (user === undefined) return none;
    return this.#kept(user.id, () => {
      const identity = this.#textsOf(user.id).map((each) => this.#compiledOf(each));
      return { identity, boundary: this.#boundary(user.boundary) };
    });
  }

  ofRole(role: RoleRecord | undefined): OwnPolicies {
    if (role === undefined) return none;
    return this.#kept(role.id, () => {
      const identity = this.#textsOf(role.id).map((each) => this.#compiledOf(each));
      return { identity, boundary: this.#boundary(role.boundary) };
    });
  }

  /** The policies of a group, for simulations. */
  ofGroup(group: EntityRecord): OwnPolicies {
    return { identity: this.#policiesOf('group', group).map((each) => this.#compiledOf(each)) };
  }

  #ofFederated(caller: Caller): PrincipalPolicies {
    const session = this.#sessionOf(caller) ?? [];
    const issuer = partsOfArn(caller.accountId, caller.temporary?.issuerArn ?? '');
    if (issuer === undefined) return { identity: [], session, isAccountRoot: true };
    const own = this.ofUser(this.#journal.users.named(issuer.name));
    return { ...own, session, isAccountRoot: false };
  }

  /** The policies that limit a session; undefined if none were passed. */
  #sessionOf({ temporary }: Caller): readonly CompiledPolicy[] | undefined {
    const { policy, policyArns = [] } = temporary ?? {};
    if (policy === undefined && policyArns.length === 0) return undefined;
    const inline = policy === undefined ? [] : [this.#compiledOf(textOf(policy, 'session'))];
    const managed = policyArns.map((arn) => this.#compiledOf(this.#managedPolicy(arn, 'session')));
    return [...inline, ...managed];
  }

  #policiesOf(kind: EntityKind, entity: EntityRecord): readonly PolicyText[] {
    const inline = [...this.#journal.inlineOf(entity.id)].map(({ name, document }) =>
      textOf(document, 'identity', { id: `${kind}_${entity.name}_${name}`, type: kind }),
    );
    return [...inline, ...entity.attached.map((arn) => this.#managedPolicy(arn, 'identity'))];
  }

  #boundary(arn: string | undefined): CompiledPolicy | undefined {
    return arn === undefined ? undefined : this.#compiledOf(this.#managedPolicy(arn, 'boundary'));
  }

  /** A managed policy; one that denies everything if it no longer exists. */
  #managedPolicy(arn: string, kind: PolicyKind): PolicyText {
    const policy = this.#managed.find(arn);
    const text = policy ? this.#managed.documentOf(policy) : '';
    const type = policy?.isProvided ? 'aws-managed' : 'user-managed';
    return textOf(text, kind, { id: policy?.name ?? arn, type });
  }

  #compiledOf(policy: PolicyText): CompiledPolicy {
    const key = keyOf(policy);
    const { text, kind, source } = policy;
    const known = this.#compiled.get(key);
    if (known) return known;
    const compiled = compileStored(text, kind, source);
    // Removes the oldest: a Map keeps insertion order.
    const [oldest] = this.#compiled.size < keptCountMax ? [] : this.#compiled.keys();
    if (oldest !== undefined) this.#compiled.delete(oldest);
    this.#compiled.set(key, compiled);
    return compiled;
  }

  #kept(id: string, make: () => OwnPolicies): OwnPolicies {
    if (this.#changeCount !== this.#journal.policyChangeCount || this.#own.size >= keptCountMax) {
      this.#own.clear();
      this.#changeCount = this.#journal.policyChangeCount;
    }
    const known = this.#own.get(id);
    if (known) return known;
    const made = make();
    this.#own.set(id, made);
    return made;
  }
}

const noSource: PolicySource = { id: '', type: 'none' };

function textOf(text: string, kind: PolicyKind, source = noSource): PolicyText {
  return { text, kind, source };
}

/** The key of a compiled policy. */
function keyOf({ text, kind, source }: PolicyText): string {
  return JSON.stringify([kind, source.type, source.id, text]);
}

/** The id of the user or role whose policies a caller has; undefined if it has none. */
function entityIdOf({ type, principalId, session, temporary }: Caller): string | undefined {
  return type === 'user' ? principalId : (session?.roleId ?? temporary?.issuerId);
}

// The policies of callers, from the records of users, groups and roles.

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

  /** The policies of a user and of its groups. */
  ofUser(user: UserRecord | undefined): OwnPolicies {
    if (user === undefined) return none;
    return this.#kept(user.id, () => {
      const groups = user.groups.flatMap((id) => this.#journal.groups.byId(id) ?? []);
      const identity = [
        ...this.#policiesOf('user', user),
        ...groups.flatMap((group) => this.#policiesOf('group', group)),
      ];
      return { identity, boundary: this.#boundary(user.boundary) };
    });
  }

  ofRole(role: RoleRecord | undefined): OwnPolicies {
    if (role === undefined) return none;
    return this.#kept(role.id, () => {
      const identity = this.#policiesOf('role', role);
      return { identity, boundary: this.#boundary(role.boundary) };
    });
  }

  /** The policies of a group, for simulations. */
  ofGroup(group: EntityRecord): OwnPolicies {
    return { identity: this.#policiesOf('group', group) };
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
    const inline = policy === undefined ? [] : [this.#compiledOf(policy, 'session', noSource)];
    return [...inline, ...policyArns.map((arn) => this.#managedPolicy(arn, 'session'))];
  }

  #policiesOf(kind: EntityKind, entity: EntityRecord): readonly CompiledPolicy[] {
    const inline = [...this.#journal.inlineOf(entity.id)].map(({ name, document }) =>
      this.#compiledOf(document, 'identity', { id: `${kind}_${entity.name}_${name}`, type: kind }),
    );
    return [...inline, ...entity.attached.map((arn) => this.#managedPolicy(arn, 'identity'))];
  }

  #boundary(arn: string | undefined): CompiledPolicy | undefined {
    return arn === undefined ? undefined : this.#managedPolicy(arn, 'boundary');
  }

  /** A managed policy; one that denies everything if it no longer exists. */
  #managedPolicy(arn: string, kind: PolicyKind): CompiledPolicy {
    const policy = this.#managed.find(arn);
    const text = policy ? this.#managed.documentOf(policy) : '';
    const type = policy?.isProvided ? 'aws-managed' : 'user-managed';
    return this.#compiledOf(text, kind, { id: policy?.name ?? arn, type });
  }

  #compiledOf(text: string, kind: PolicyKind, source: PolicySource): CompiledPolicy {
    const key = JSON.stringify([kind, source.type, source.id, text]);
    const known = this.#compiled.get(key);
    if (known) return known;
    const compiled = compileStored(text, kind, source);
    if (this.#compiled.size >= keptCountMax) this.#compiled.clear();
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

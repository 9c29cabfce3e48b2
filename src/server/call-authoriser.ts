// Authorisation of calls by the policies of their callers.

import { RequestError } from '../aws/errors.ts';
import { NoPermission, type Permission, type Permissions } from '../aws/service.ts';
import { assert } from '../base/assert.ts';
import type { CallContext } from '../calls/call-context.ts';
import type { AuthorizationMessages } from '../identity/authorization-messages.ts';
import { CallValues, foldedValues } from '../identity/policies/call-values.ts';
import { type ApplicablePolicies, denialMessage, evaluate } from '../identity/policies/evaluate.ts';
import type { PrincipalPolicySource } from '../identity/policies/principal-policies.ts';
import { policyPrincipal } from '../identity/policies/principals.ts';

/** The header of a refusal that DecodeAuthorizationMessage decodes. */
const messageHeader = 'x-waxwing-authorization-message';

/** The resource of actions that have none. */
const anyResource = '*';

/** Decides whether the policies of a caller allow a call. */
export class CallAuthoriser {
  readonly #principals: PrincipalPolicySource;
  readonly #messages: AuthorizationMessages;

  /** @param messages encodes the reasons of refusals */
  constructor(principals: PrincipalPolicySource, messages: AuthorizationMessages) {
    this.#principals = principals;
    this.#messages = messages;
  }

  /**
   * Authorises each action of a call on each of its resources. Only an operation that declares it
   * needs no permission; a list without permissions is a bug, and the call is refused.
   *
   * @throws {RequestError} `access-denied`
   */
  authorise(permissions: Permissions | NoPermission, context: CallContext): void {
    if (permissions instanceof NoPermission) return;
    assert(permissions.length > 0, 'the operation names no permission and does not declare that');
    const { caller } = context;
    // Parts of this program that call for themselves. The key service checks what they may use.
    if (caller.type === 'service') return;
    const policies = this.#principals.policiesOf(caller);
    for (const permission of permissions) {
      const { resources } = permission;
      for (const resource of resources.length === 0 ? [anyResource] : resources) {
        this.#authorise(permission, resource, context, policies);
      }
    }
  }

  #authorise(
    { action, values = {}, isGiven = false }: Permission,
    resource: string,
    context: CallContext,
    policies: ApplicablePolicies,
  ): void {
    const { caller } = context;
    const own = foldedValues({ 'aws:ResourceAccount': accountOf(resource, context), ...values });
    const decision = evaluate(
      {
        principal: policyPrincipal(caller),
        action,
        resource,
        values: new CallValues(context, own),
      },
      policies,
    );
    if (decision.outcome === 'allowed') return;
    if (isGiven && decision.outcome === 'implicitDeny') return;
    const message = denialMessage(caller.arn, action, resource, decision);
    const encoded = this.#messages.encode({ caller, action, resource, decision, values: own });
    throw new RequestError('access-denied', message, { headers: { [messageHeader]: encoded } });
  }
}

/** The account that owns a resource. New resources belong to the account of the call. */
function accountOf(resource: string, { accountId }: CallContext): string {
  return resource.split(':')[4] || accountId;
}

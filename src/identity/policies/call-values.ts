// The condition keys that every call has.

import type { CallContext } from '../../calls/call-context.ts';
import type { ContextValue, ContextValues } from './scope.ts';

/** The facts of a call that its condition keys come from. */
export type CallFacts = Pick<
  CallContext,
  'caller' | 'invokedBy' | 'sourceArn' | 'region' | 'sourceIp' | 'userAgent' | 'nowMs'
>;

/** Condition keys by name. Undefined values are absent keys. */
export type NamedValues = Readonly<Record<string, string | readonly string[] | undefined>>;

const principalTypes = {
  root: 'Account',
  user: 'User',
  'assumed-role': 'AssumedRole',
  'federated-user': 'FederatedUser',
  'web-identity': undefined,
  'sso-user': undefined,
  service: undefined,
  anonymous: 'Anonymous',
} as const;

/** Callers that are no principals of the account. */
const outside: ReadonlySet<string> = new Set(['anonymous', 'web-identity', 'sso-user']);

const principalTag = 'aws:principaltag/';

/** Returns values under names in lower case. Names that differ only in case become variants. */
export function foldedValues(named: NamedValues): Map<string, ContextValue> {
  const values = new Map<string, ContextValue>();
  for (const [name, value] of Object.entries(named)) {
    if (value === undefined) continue;
    const folded = name.toLowerCase();
    const before = values.get(folded);
    values.set(
      folded,
      before === undefined ? value : { variants: [...allOf(before), ...allOf(value)] },
    );
  }
  return values;
}

function allOf(value: ContextValue): readonly string[] {
  if (typeof value === 'string') return [value];
  return 'variants' in value ? value.variants : value;
}

/** Names the tags of a resource, request or principal as condition keys. */
export function tagValues(
  prefix: 'aws:RequestTag' | 'aws:ResourceTag',
  tags: Readonly<Record<string, string>> | undefined,
): NamedValues {
  const entries = Object.entries(tags ?? {});
  return Object.fromEntries(entries.map(([name, value]) => [`${prefix}/${name}`, value]));
}

/** The condition keys of a call. Values are determined when a policy asks for them. */
export class CallValues implements ContextValues {
  readonly #call: CallFacts;
  readonly #own: ReadonlyMap<string, ContextValue>;

  /** @param own the keys of the operation and its resource, in lower case */
  constructor(call: CallFacts, own: ReadonlyMap<string, ContextValue> = new Map()) {
    this.#call = call;
    this.#own = own;
  }

  get(key: string): ContextValue | undefined {
    return this.#own.get(key) ?? this.#ofRequest(key) ?? this.#ofPrincipal(key);
  }

  #ofRequest(key: string): ContextValue | undefined {
    const { caller, invokedBy, sourceArn, region, sourceIp, userAgent, nowMs } = this.#call;
    const isService = caller.type === 'service';
    switch (key) {
      case 'aws:securetransport':
        // All listeners use TLS, and local calls do not leave the process.
        return 'true';
      case 'aws:currenttime':
        return new Date(nowMs).toISOString();
      case 'aws:epochtime':
        return String(Math.floor(nowMs / 1000));
      case 'aws:useragent':
        return userAgent;
      case 'aws:sourceip':
        return invokedBy === undefined && !isService ? sourceIp : undefined;
      case 'aws:requestedregion':
        return region;
      case 'aws:viaawsservice':
        return String(invokedBy !== undefined);
      case 'aws:calledvia':
        return invokedBy === undefined ? undefined : [invokedBy];
      case 'aws:calledviafirst':
      case 'aws:calledvialast':
        return invokedBy;
      case 'aws:sourcearn':
        return isService ? sourceArn : undefined;
      case 'aws:sourceaccount':
        return isService ? caller.accountId : undefined;
      default:
        return undefined;
    }
  }

  #ofPrincipal(key: string): ContextValue | undefined {
    const { caller } = this.#call;
    const isService = caller.type === 'service';
    switch (key) {
      case 'aws:federatedprovider':
        return caller.webIdentity?.providerArn ?? caller.temporary?.federatedProvider;
      case 'aws:principaltype':
        return principalTypes[caller.type];
      case 'aws:principalisawsservice':
        return String(isService);
      case 'aws:principalservicename':
        return isService ? caller.arn : undefined;
      case 'aws:username':
        return caller.userName;
      default:
        return isService || outside.has(caller.type) ? undefined : this.#ofIdentity(key);
    }
  }

  #ofIdentity(key: string): ContextValue | undefined {
    const { caller, nowMs } = this.#call;
    const { temporary } = caller;
    switch (key) {
      case 'aws:principalarn':
        return caller.session?.roleArn ?? caller.arn;
      case 'aws:principalaccount':
        return caller.accountId;
      case 'aws:userid':
        return caller.principalId;
      case 'aws:multifactorauthpresent':
        // Absent for long-term access keys. Policies cannot see the factor behind a role's session.
        return temporary && String(temporary.mfaAtMs !== undefined);
      case 'aws:multifactorauthage':
        return temporary?.mfaAtMs === undefined
          ? undefined
          : String(Math.floor((nowMs - temporary.mfaAtMs) / 1000));
      case 'aws:tokenissuetime':
        return temporary && new Date(temporary.issuedMs).toISOString();
      case 'aws:sourceidentity':
        return temporary?.sourceIdentity;
      default:
        return key.startsWith(principalTag) ? this.#tag(key.slice(principalTag.length)) : undefined;
    }
  }

  #tag(folded: string): ContextValue | undefined {
    const entries = Object.entries(this.#call.caller.tags ?? {});
    const found = entries.filter(([name]) => name.toLowerCase() === folded);
    const values = found.map(([, value]) => value);
    return values.length > 1 ? { variants: values } : values[0];
  }
}

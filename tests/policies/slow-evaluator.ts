// A second evaluator of policies, written from the specification alone. It interprets the JSON for
// every request, uses regular expressions and big integers, and has no code in common with the first.

/** A request and all documents that apply to it. */
export interface SlowRequest {
  readonly action: string;
  readonly resource: string;
  readonly context: Readonly<Record<string, string | readonly string[]>>;
  readonly caller: {
    readonly kind: 'root' | 'user' | 'session' | 'service';
    /** Empty for a service. */
    readonly account: string;
    readonly arn: string;
    /** The role of a session. */
    readonly role?: string;
  };
  readonly identity: readonly Document[];
  readonly boundary?: Document | undefined;
  readonly session?: readonly Document[] | undefined;
  readonly resourcePolicy?: Document | undefined;
  readonly resourceAccount: string;
  /** Keys: nobody has rights that the key policy or a grant does not give or leave to others. */
  readonly isKey: boolean;
  /** Whom a grant for the action names: an ARN. */
  readonly grantee?: string | undefined;
}

/** A policy document. */
export interface Document {
  readonly Version?: string;
  readonly Statement: readonly Statement[];
}

/** A statement, with lists for all names. */
export interface Statement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Action?: readonly string[];
  readonly NotAction?: readonly string[];
  readonly Resource?: readonly string[];
  readonly NotResource?: readonly string[];
  readonly Principal?: Principal;
  readonly NotPrincipal?: Principal;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
}

/** The principals of a statement. */
export type Principal = '*' | Readonly<Record<string, readonly string[]>>;

type Answer = 'allowed' | 'explicitDeny' | 'implicitDeny';

/** Which rule of the order of evaluation decides. */
export function decide(request: SlowRequest): Answer {
  const { identity, boundary, session, resourcePolicy } = request;
  // Rule 1: an explicit deny anywhere.
  for (const document of [...identity, boundary, ...(session ?? []), resourcePolicy]) {
    if (document && matching(document, 'Deny', request).length > 0) return 'explicitDeny';
  }
  return isAllowed(request) ? 'allowed' : 'implicitDeny';
}

function isAllowed(request: SlowRequest): boolean {
  const { caller, isKey, resourceAccount } = request;
  const given = grantees(request);
  const isForAll = given.has('everyone');
  if (caller.kind === 'service') return given.has('self') || isForAll;
  // Cross-account: both sides must allow.
  if (caller.account !== resourceAccount) return given.size > 0 && identitiesAllow(request);
  // Rule 3: naming the user or session grants alone; naming its role is limited.
  if (given.has('self')) return true;
  if (given.has('role') || isForAll) return limitsAllow(request);
  // The account of a key has no rights but those that the key policy leaves to it.
  if (isKey && !given.has('account')) return false;
  // Rules 4 to 7.
  return identitiesAllow(request);
}

function identitiesAllow(request: SlowRequest): boolean {
  const isGiven = request.identity.some((each) => matching(each, 'Allow', request).length > 0);
  return (request.caller.kind === 'root' || isGiven) && limitsAllow(request);
}

/** Whether the boundary and the session policies allow, where there are any. */
function limitsAllow(request: SlowRequest): boolean {
  const { boundary, session } = request;
  const allows = (each: Document) => matching(each, 'Allow', request).length > 0;
  return (!boundary || allows(boundary)) && (!session || session.some(allows));
}

type Named = 'self' | 'role' | 'account' | 'everyone';

/** As whom the resource policy and the grant name the caller. */
function grantees(request: SlowRequest): Set<Named> {
  const { resourcePolicy, grantee } = request;
  const statements = resourcePolicy ? matching(resourcePolicy, 'Allow', request) : [];
  // Who is not among those that NotPrincipal lists is named like everyone.
  const names = statements.flatMap(({ Principal }) => (Principal ? namesIn(Principal) : ['*']));
  if (grantee !== undefined) names.push(grantee);
  return new Set(names.flatMap((name) => namedBy(name, request.caller)));
}

function namedBy(name: string, caller: SlowRequest['caller']): Named[] {
  if (name === '*') return ['everyone'];
  if (name === caller.arn) return ['self'];
  if (name === caller.role) return ['role'];
  if (!isAccount(name, caller.account)) return [];
  return [caller.kind === 'root' ? 'self' : 'account'];
}

function namesIn(principal: Principal): readonly string[] {
  return principal === '*' ? ['*'] : Object.values(principal).flat();
}

function isAccount(name: string, account: string): boolean {
  return account !== '' && (name === account || name === `arn:aws:iam::${account}:root`);
}

/** The statements with an effect that match a request. */
function matching(
  document: Document,
  effect: 'Allow' | 'Deny',
  request: SlowRequest,
): readonly Statement[] {
  const hasVariables = document.Version === '2012-10-17';
  return document.Statement.filter(
    (statement) =>
      statement.Effect === effect &&
      isFor(statement, request) &&
      namesAction(statement, request.action) &&
      namesResource(statement, request, hasVariables) &&
      conditionsHold(statement, request, hasVariables),
  );
}

function isFor({ Principal, NotPrincipal, Effect }: Statement, request: SlowRequest): boolean {
  const { caller, boundary } = request;
  if (Principal === undefined && NotPrincipal === undefined) return true;
  const listed = namesIn(Principal ?? NotPrincipal ?? '*');
  const isListed = listed.some(
    (name) =>
      name === '*' ||
      name === caller.arn ||
      name === caller.role ||
      isAccount(name, caller.account),
  );
  if (NotPrincipal === undefined) return isListed;
  // A Deny of all but some denies everyone who has a boundary.
  return (Effect === 'Deny' && boundary !== undefined) || !isListed;
}

function namesAction({ Action, NotAction }: Statement, action: string): boolean {
  const isNamed = (pattern: string) => new RegExp(`^${wildcards(pattern)}$`, 'is').test(action);
  return NotAction ? !NotAction.some(isNamed) : (Action ?? []).some(isNamed);
}

function wildcards(pattern: string): string {
  return pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
}

/** A text of a policy as a regular expression; undefined if a variable has no value. */
function expression(
  text: string,
  request: SlowRequest,
  hasVariables: boolean,
  hasWildcards: boolean,
): string | undefined {
  let isKnown = true;
  const quoted = (literal: string) => literal.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const rest = (literal: string) => (hasWildcards ? wildcards(literal) : quoted(literal));
  let source = '';
  let at = 0;
  while (at < text.length) {
    const next = hasVariables ? text.indexOf('${', at) : -1;
    if (next < 0) {
      source += rest(text.slice(at));
      break;
    }
    source += rest(text.slice(at, next));
    const end = text.indexOf('}', next);
    const value = variable(text.slice(next + 2, end), request);
    if (value === undefined) isKnown = false;
    else source += quoted(value);
    at = end + 1;
  }
  return isKnown ? source : undefined;
}

function variable(content: string, { context }: SlowRequest): string | undefined {
  if (content.length === 1) return content;
  const [name = '', fallback] = content.split(',').map((part) => part.trim());
  const value = lookUp(context, name);
  if (typeof value === 'string') return value;
  return fallback?.slice(1, -1);
}

function lookUp(context: SlowRequest['context'], name: string) {
  const found = Object.entries(context).find(([key]) => key.toLowerCase() === name.toLowerCase());
  const value = found?.[1];
  return Array.isArray(value) && value.length === 0 ? undefined : value;
}

/** The six parts of an ARN. */
function sixParts(arn: string): readonly string[] | undefined {
  const [, ...parts] = /^([^:]*):([^:]*):([^:]*):([^:]*):([^:]*):(.*)$/s.exec(arn) ?? [];
  return parts.length === 6 ? parts : undefined;
}

/** The parts of a pattern for ARNs. A colon in a variable does not end a part. */
function patternParts(pattern: string): string[] {
  const hidden = pattern.replace(/\$\{[^}]*\}/g, (inner) => inner.replaceAll(':', '\u0000'));
  const [first = '', ...more] = hidden.split(':');
  const parts = [first, ...more];
  const six = parts.length > 6 ? [...parts.slice(0, 5), parts.slice(5).join(':')] : parts;
  return six.map((part) => part.replaceAll('\u0000', ':'));
}

type Match = 'yes' | 'no' | 'unknown';

function arnMatch(
  pattern: string,
  arn: string,
  request: SlowRequest,
  hasVariables: boolean,
  isCompleted: boolean,
): Match {
  if (isCompleted && /^\*+$/.test(pattern)) return 'yes';
  const found = sixParts(arn);
  const wanted = patternParts(pattern);
  while (isCompleted && wanted.length < 6) wanted.push('*');
  if (found === undefined || wanted.length !== 6) return 'no';
  const matches = wanted.map((part, at): Match => {
    const source = expression(part, request, hasVariables, true);
    if (source === undefined) return 'unknown';
    return new RegExp(`^${source}$`, 's').test(found[at] ?? '') ? 'yes' : 'no';
  });
  if (matches.includes('no')) return 'no';
  return matches.includes('unknown') ? 'unknown' : 'yes';
}

function namesResource(
  { Resource, NotResource, Effect }: Statement,
  request: SlowRequest,
  hasVariables: boolean,
): boolean {
  const match = (pattern: string) =>
    arnMatch(pattern, request.resource, request, hasVariables, true);
  if (Resource) return Resource.some((pattern) => match(pattern) === 'yes');
  if (!NotResource) return false;
  const matches = NotResource.map(match);
  if (matches.includes('yes')) return false;
  // What a variable without a value would have excluded is not allowed by mistake.
  return Effect === 'Deny' || !matches.includes('unknown');
}

function conditionsHold(
  { Condition = {}, Effect }: Statement,
  request: SlowRequest,
  hasVariables: boolean,
): boolean {
  return Object.entries(Condition).every(([operator, keys]) =>
    Object.entries(keys).every(([key, values]) =>
      conditionHolds(operator, key, values, request, hasVariables, Effect),
    ),
  );
}

function conditionHolds(
  operator: string,
  key: string,
  values: readonly string[],
  request: SlowRequest,
  hasVariables: boolean,
  effect: 'Allow' | 'Deny',
): boolean {
  const found = lookUp(request.context, key);
  if (operator === 'Null') return values.includes(String(found === undefined));
  const forAll = operator.startsWith('ForAllValues:');
  const forAny = operator.startsWith('ForAnyValue:');
  const ifExists = operator.endsWith('IfExists');
  const name = operator.replace(/^For\w+:/, '').replace(/IfExists$/, '');
  const negated = /Not/.test(name);
  if (found === undefined) {
    if (ifExists || forAll) return true;
    return negated && !forAny;
  }
  const plain = name.replace('Not', '');
  const one = (value: string): boolean => {
    const matches = values.map((wanted) => compare(plain, value, wanted, request, hasVariables));
    if (!negated) return matches.includes('yes');
    return !matches.includes('yes') && (effect === 'Deny' || !matches.includes('unknown'));
  };
  const all = typeof found === 'string' ? [found] : found;
  if (forAll) return all.every(one);
  if (forAny) return all.some(one);
  return negated ? all.every(one) : all.some(one);
}

function compare(
  name: string,
  found: string,
  wanted: string,
  request: SlowRequest,
  hasVariables: boolean,
): Match {
  const yes = (holds: boolean): Match => (holds ? 'yes' : 'no');
  if (name.startsWith('Arn')) return arnMatch(wanted, found, request, hasVariables, false);
  if (name.startsWith('String')) {
    const isLike = name === 'StringLike';
    const source = expression(wanted, request, hasVariables, isLike);
    if (source === undefined) return 'unknown';
    const flags = name.endsWith('IgnoreCase') ? 'is' : 's';
    return yes(new RegExp(`^${source}$`, flags).test(found));
  }
  if (name.startsWith('Numeric')) return yes(ordered(name, number(found), number(wanted)));
  if (name.startsWith('Date')) return yes(ordered(name, instant(found), instant(wanted)));
  if (name === 'Bool') return yes(found.toLowerCase() === wanted.toLowerCase());
  if (name === 'BinaryEquals') return yes(found === wanted);
  if (name === 'IpAddress') return yes(inBlock(found, wanted));
  throw new Error(`unknown operator ${name}`);
}

function number(text: string): number {
  return /^[-+]?\d+(\.\d+)?$/.test(text) ? Number.parseFloat(text) : Number.NaN;
}

function instant(text: string): number {
  if (/^\d+$/.test(text)) return Number.parseInt(text, 10) * 1000;
  return /^\d{4}-/.test(text) ? new Date(text).getTime() : Number.NaN;
}

function ordered(name: string, found: number, wanted: number): boolean {
  if (name.endsWith('LessThanEquals')) return found <= wanted;
  if (name.endsWith('LessThan')) return found < wanted;
  if (name.endsWith('GreaterThanEquals')) return found >= wanted;
  if (name.endsWith('GreaterThan')) return found > wanted;
  return found === wanted;
}

/** An address as a number, and how many bits it has. */
function addressNumber(text: string): readonly [value: bigint, bits: number] | undefined {
  if (/^\d+\.\d+\.\d+\.\d+$/.test(text)) {
    return [text.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n), 32];
  }
  if (!/^[0-9a-f:]+$/i.test(text)) return undefined;
  const [head = '', tail] = text.split('::');
  const groups = (part: string | undefined) => (part ? part.split(':') : []);
  const missing = Math.max(0, 8 - groups(head).length - groups(tail).length);
  const zeros = Array.from({ length: tail === undefined ? 0 : missing }, () => '0');
  const all = [...groups(head), ...zeros, ...groups(tail)];
  if (all.length !== 8) return undefined;
  return [all.reduce((sum, part) => sum * 65_536n + BigInt(`0x${part}`), 0n), 128];
}

function inBlock(address: string, block: string): boolean {
  const [network = '', prefix] = block.split('/');
  const [value, bits] = addressNumber(address) ?? [0n, 0];
  const [start, width] = addressNumber(network) ?? [0n, -1];
  if (bits !== width) return false;
  const free = BigInt(width - Number(prefix ?? width));
  return value >> free === start >> free;
}
